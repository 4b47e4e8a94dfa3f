import { typeError } from "../check.js";
import type { Layer } from "../graph/layer.js";
import { sameShape } from "../graph/shape.js";
import { Dense } from "../layers/dense.js";
import type { FitOptions, History } from "../models/fit.js";
import { Model } from "../models/model.js";

/** What every pretraining helper returns. */
export interface Pretrained {
  /** Ready to go under a head: `sequential([encoder, layers.dense(...)])`. */
  readonly encoder: Model;
  readonly history: History;
}

/** Options of fit that the helpers hand on. */
export type PretrainingFit = Pick<
  FitOptions,
  "epochs" | "batchSize" | "callbacks" | "verbose" | "signal" | "yieldEveryMs"
>;

export const FIT_KEYS = ["epochs", "batchSize", "callbacks", "verbose", "signal", "yieldEveryMs"] as const;

/** The part of the options that is fit's. */
export function fitOptionsOf(options: PretrainingFit): PretrainingFit {
  return Object.fromEntries(FIT_KEYS.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]));
}

/** Throws unless encoder is a model with one input and one output. */
export function checkEncoder(where: string, encoder: unknown): Model {
  if (!(encoder instanceof Model)) throw typeError(where, "encoder must be a model", "encoder", encoder);
  if (encoder.graph.inputs.length !== 1 || encoder.graph.outputs.length !== 1) {
    throw typeError(where, "encoder must have one input and one output", "outputs", encoder.graph.outputs.length);
  }
  return encoder;
}

/** Throws unless some weight of the encoder would learn. */
export function checkLearns(where: string, encoder: Model): void {
  if (encoder.learningParameters().size > 0) return;
  throw new Error(`${where}: nothing of the encoder would learn; set trainable = true on some of its layers.`);
}

/**
 * The layers of a chain that a decoder can mirror: dense ones, and between them such as keep the shape. What lies in
 * front of the first dense layer prepares the data and may be anything. Throws if the model is no such chain.
 */
export function invertibleChain(where: string, model: Model): Layer[] {
  const { operations } = model.built.flat;
  operations.forEach(({ inputs, path }, i) => {
    const previous = i === 0 ? 0 : operations[i - 1]!.output;
    if (inputs.length !== 1 || inputs[0] !== previous) {
      throw typeError(where, "the encoder must be a chain of layers, one after another", "layer", path);
    }
  });
  const chain = operations.map(({ layer }) => layer);
  const repeated = operations.find(({ layer }, i) => chain.indexOf(layer) !== i);
  if (repeated !== undefined)
    throw typeError(where, "a layer that is applied twice cannot be inverted", "layer", repeated.path);
  if (denseLayersOf(chain).length === 0) {
    const kinds = chain.map(({ kind }) => kind);
    throw typeError(where, "the encoder must have a dense layer to be inverted", "layers", kinds);
  }
  let shape = model.graph.inputs[0]!.shape;
  let inBody = false;
  for (const { layer, path } of operations) {
    const output = layer.outputShape([shape]);
    inBody ||= layer instanceof Dense;
    if (inBody && !(layer instanceof Dense) && !sameShape(shape, output)) {
      throw typeError(where, "layers behind the first dense one must keep the shape to be inverted", "layer", path);
    }
    shape = output;
  }
  return chain;
}

/** The dense layers among these. */
export function denseLayersOf(layers: readonly Layer[]): Dense[] {
  return layers.filter((layer) => layer instanceof Dense);
}
