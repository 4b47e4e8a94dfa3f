import type { Layer } from "../graph/layer.js";
import { Dense } from "../layers/dense.js";
import type { History } from "../models/fit.js";
import type { Model, ModelData } from "../models/model.js";
import { sequential } from "../models/sequential.js";
import type { Tensor } from "../tensor.js";
import { autoencoder, checkOptions, type AutoencoderOptions } from "./autoencoder.js";
import { checkEncoder, checkLearns, invertibleChain, type Pretrained } from "./pretraining-options.js";

/** What `pretraining.greedy` returns. */
export interface PretrainedGreedily extends Pretrained {
  /** One for each dense layer, the first one's first. `history` is the last one's. */
  readonly histories: readonly History[];
}

/**
 * Trains an encoder layer by layer (Hinton, Osindero & Teh 2006; Bengio et al. 2007): each dense layer, with what
 * follows it up to the next, as an autoencoder of the codes of the layers below, which stay as they are.
 * Options as autoencoder's, for every layer; but `outputActivation` and `loss` are the first one's, which restores the
 * data. Those above restore codes of any range: linear, meanSquaredError.
 */
export async function greedy(
  encoder: Model,
  x: ModelData,
  options: AutoencoderOptions = {},
): Promise<PretrainedGreedily> {
  const where = "pretraining.greedy";
  checkOptions(where, options);
  const chain = invertibleChain(where, checkEncoder(where, encoder));
  checkLearns(where, encoder);
  const histories: History[] = [];
  let codes: ModelData = x;
  let shape = encoder.graph.inputs[0]!.shape;
  const { outputActivation: _activation, loss: _loss, ...above } = options;
  for (const [i, block] of blocksOf(chain).entries()) {
    const stage = sequential(block, { inputShape: shape, seed: encoder.seed, engine: encoder.engine });
    try {
      const trained = await autoencoder(stage, codes, i === 0 ? options : above);
      trained.autoencoder.dispose();
      histories.push(trained.history);
      codes = stage.predict(codes) as Tensor;
      shape = stage.graph.outputs[0]!.shape;
    } finally {
      stage.dispose();
    }
  }
  return { encoder, history: histories.at(-1)!, histories };
}

/** The chain in pieces of one dense layer each; what is in front of the first belongs to it. */
function blocksOf(chain: readonly Layer[]): Layer[][] {
  const blocks: Layer[][] = [[]];
  for (const layer of chain) {
    const full = blocks.at(-1)!.some((other) => other instanceof Dense);
    if (layer instanceof Dense && full) blocks.push([]);
    blocks.at(-1)!.push(layer);
  }
  return blocks;
}
