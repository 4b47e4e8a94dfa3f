import { checkKeys, typeError } from "../check.js";
import { layers } from "../layers/index.js";
import type { OptimizerLike } from "../models/compile.js";
import { functional, input } from "../models/functional.js";
import type { Model, ModelData } from "../models/model.js";
import type { DataLike } from "../tensor.js";
import {
  checkEncoder,
  checkLearns,
  FIT_KEYS,
  fitOptionsOf,
  type Pretrained,
  type PretrainingFit,
} from "./pretraining-options.js";

/** Options of `pretraining.pairs`. */
export interface PairsOptions extends PretrainingFit {
  /** Default adam. */
  optimizer?: OptimizerLike;
}

/** What `pretraining.pairs` returns. */
export interface PretrainedOnPairs extends Pretrained {
  /** Two inputs in, the probability that they are of one kind out. */
  readonly siamese: Model;
}

/**
 * Trains an encoder to tell whether two inputs are of one kind (Bromley et al. 1993): the same layers encode both, and
 * a sigmoid unit sees the absolute differences of their codes. `pairs` are two arrays of as many rows, `same` has a 1
 * for each pair of one kind, else a 0.
 */
export async function pairs(
  encoder: Model,
  data: readonly [DataLike, DataLike],
  same: ModelData,
  options: PairsOptions = {},
): Promise<PretrainedOnPairs> {
  const where = "pretraining.pairs";
  checkKeys(where, options, ["optimizer", ...FIT_KEYS]);
  checkEncoder(where, encoder);
  checkLearns(where, encoder);
  if (!Array.isArray(data) || data.length !== 2)
    throw typeError(where, "data must be two arrays of rows", "data", data);
  const { shape } = encoder.graph.inputs[0]!;
  const [a, b] = [input({ shape, name: "a" }), input({ shape, name: "b" })];
  const difference = layers.subtract().apply(encoder.apply(a), encoder.apply(b));
  const distance = layers.activation("abs").apply(difference);
  const output = layers.dense({ units: 1, activation: "sigmoid", name: "same" }).apply(distance);
  const siamese = functional({
    inputs: [a, b],
    outputs: output,
    seed: encoder.seed,
    engine: encoder.engine,
    name: "siamese",
  });
  siamese.compile({ optimizer: options.optimizer ?? "adam", loss: "binaryCrossentropy", metrics: ["binaryAccuracy"] });
  const history = await siamese.fit([...data], same, fitOptionsOf(options));
  return { encoder, history, siamese };
}
