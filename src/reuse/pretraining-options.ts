import { typeError } from "../check.js";
import type { Layer } from "../graph/layer.js";
import { Dense } from "../layers/dense.js";
import type { FitOptions } from "../models/fit.js";
import { Model } from "../models/model.js";
import type { History } from "../models/fit.js";

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

/** The layers of a chain, in order; throws if the model branches. */
export function chainOf(where: string, model: Model): Layer[] {
  const { operations } = model.built.flat;
  operations.forEach(({ inputs, path }, i) => {
    const previous = i === 0 ? 0 : operations[i - 1]!.output;
    if (inputs.length !== 1 || inputs[0] !== previous) {
      throw typeError(where, "the encoder must be a chain of layers, one after another", "layer", path);
    }
  });
  return operations.map(({ layer }) => layer);
}

/** The dense layers among them; throws if there is none. */
export function denseLayersOf(where: string, layers: readonly Layer[]): Dense[] {
  const dense = layers.filter((layer) => layer instanceof Dense);
  if (dense.length === 0)
    throw typeError(
      where,
      "the encoder must have a dense layer to be inverted",
      "layers",
      layers.map(({ kind }) => kind),
    );
  return dense;
}
