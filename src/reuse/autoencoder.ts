import { checkBoolean, checkChoice, checkKeys, checkNumber, rangeError } from "../check.js";
import type { Layer } from "../graph/layer.js";
import type { Node } from "../graph/node.js";
import type { Shape } from "../graph/shape.js";
import { Dense } from "../layers/dense.js";
import { layers } from "../layers/index.js";
import type { LossSpec, OptimizerLike } from "../models/compile.js";
import { functional, input } from "../models/functional.js";
import type { Model, ModelData } from "../models/model.js";
import { sequential } from "../models/sequential.js";
import type { Tensor } from "../tensor.js";
import {
  checkEncoder,
  checkLearns,
  denseLayersOf,
  FIT_KEYS,
  fitOptionsOf,
  invertibleChain,
  type Pretrained,
  type PretrainingFit,
} from "./pretraining-options.js";

/** Options of `pretraining.autoencoder`. */
export interface AutoencoderOptions extends PretrainingFit {
  /** Whether the decoder uses the encoder's kernels, transposed. Default false. */
  tied?: boolean;
  /** Standard deviation of noise added to the inputs, which are to be restored without it. Default 0. */
  noise?: number;
  /** Share of the inputs set to zero, to be restored. In [0, 1). Default 0. */
  dropout?: number;
  /** Of the reconstruction: sigmoid for data in [0, 1]. Default linear. */
  outputActivation?: "linear" | "sigmoid" | "tanh";
  /** Default adam. */
  optimizer?: OptimizerLike;
  /** Of the reconstruction. Default meanSquaredError. */
  loss?: LossSpec;
}

/** What `pretraining.autoencoder` returns. */
export interface PretrainedAutoencoder extends Pretrained {
  /** Encoder and decoder together: data in, reconstruction out. */
  readonly autoencoder: Model;
}

/** Options with defaults filled in and checked. */
export function checkOptions(where: string, options: AutoencoderOptions) {
  checkKeys(where, options, KNOWN);
  const { tied = false, noise = 0, dropout = 0, outputActivation = "linear" } = options;
  checkBoolean(where, "tied", tied);
  checkNumber(where, "noise", noise, { min: 0 });
  checkNumber(where, "dropout", dropout, { min: 0, below: 1 });
  if (noise > 0 && dropout > 0) throw rangeError(where, "noise and dropout are alternatives", "noise", noise);
  checkChoice(where, "outputActivation", outputActivation, ["linear", "sigmoid", "tanh"]);
  const { optimizer = "adam", loss = "meanSquaredError" } = options;
  return { tied, noise, dropout, outputActivation, optimizer, loss };
}

const KNOWN = ["tied", "noise", "dropout", "outputActivation", "optimizer", "loss", ...FIT_KEYS];

/**
 * Trains an encoder (a chain with dense layers) to keep what its inputs can be restored from: a mirrored decoder is
 * put behind it, and both learn to reproduce the inputs (Vincent et al. 2010, JMLR 11, with noise or dropout). Layers
 * in front of the first dense one, such as rescaling, prepare the data and are not inverted. The encoder's own layers
 * learn: it is returned, ready to go under a head.
 */
export async function autoencoder(
  encoder: Model,
  x: ModelData,
  options: AutoencoderOptions = {},
): Promise<PretrainedAutoencoder> {
  const where = "pretraining.autoencoder";
  const { tied, noise, dropout, outputActivation, optimizer, loss } = checkOptions(where, options);
  const chain = invertibleChain(where, checkEncoder(where, encoder));
  checkLearns(where, encoder);
  const dense = denseLayersOf(chain);
  const { preparation, body } = splitAtFirstDense(chain);
  const prepared = prepare(encoder, preparation, x);
  const start = input({ shape: prepared.shape.slice(1) });
  const corrupted =
    noise > 0 ? layers.gaussianNoise(noise).apply(start) : dropout > 0 ? layers.dropout(dropout).apply(start) : start;
  const code = body.reduce<Node>((node, layer) => layer.apply(node), corrupted);
  const model = functional({
    inputs: start,
    outputs: decode(code, dense, start.shape, tied, outputActivation),
    seed: encoder.seed,
    engine: encoder.engine,
    name: "autoencoder",
  });
  model.compile({ optimizer, loss });
  const history = await model.fit(prepared, prepared, fitOptionsOf(options));
  return { encoder, history, autoencoder: model };
}

/** The layers in front of the first dense one, and the others. */
function splitAtFirstDense(chain: readonly Layer[]): { preparation: Layer[]; body: Layer[] } {
  const first = chain.findIndex((layer) => layer instanceof Dense);
  return { preparation: chain.slice(0, first), body: chain.slice(first) };
}

/** The data as the first dense layer sees it. */
function prepare(encoder: Model, preparation: readonly Layer[], x: ModelData): Tensor {
  const inputShape = encoder.graph.inputs[0]!.shape;
  const identity = preparation.length > 0 ? preparation : [layers.activation("linear")];
  const model = sequential(identity, { inputShape, engine: encoder.engine, seed: encoder.seed });
  try {
    return model.predict(x);
  } finally {
    model.dispose();
  }
}

/** The encoder's dense layers in reverse: each maps back to the inputs of its original. */
function decode(
  code: Node,
  dense: readonly Dense[],
  target: Shape,
  tied: boolean,
  outputActivation: "linear" | "sigmoid" | "tanh",
): Node {
  let node = code;
  for (const [i, layer] of [...dense.entries()].reverse()) {
    // The activation of the layer below, so that the decoder's codes look like the encoder's.
    const activation = i === 0 ? outputActivation : dense[i - 1]!.options.activation;
    const { kernelInitializer } = layer.options;
    node = tied
      ? layers.denseTranspose({ of: layer, activation }).apply(node)
      : layers.dense({ units: layer.inputWidth!, activation, kernelInitializer }).apply(node);
  }
  return node.shape.length === target.length ? node : layers.reshape({ targetShape: target }).apply(node);
}
