import { checkKeys, checkNumber } from "../check.js";
import type { Logs } from "../callbacks/callback.js";
import { loadInputs, loadTargets, type Dataset } from "./data.js";
import type { Model, ModelData } from "./model.js";
import { Tally, toDataset } from "./train.js";

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** Rows per pass: no effect on the result but for memory and speed. Default 128. */
  batchSize?: number;
  sampleWeight?: ModelData | undefined;
}

/** Rows per pass of inference: enough to fill the kernels, few enough that activations stay in cache. */
export const INFERENCE_ROWS = 128;

export function evaluate(model: Model, x: ModelData, y: ModelData, options: EvaluateOptions): Logs {
  checkKeys("evaluate", options, ["batchSize", "sampleWeight"]);
  const { batchSize = INFERENCE_ROWS, sampleWeight } = options;
  if (batchSize !== Infinity) checkNumber("evaluate", "batchSize", batchSize, { min: 1, integer: true });
  return evaluateDataset(model, toDataset(model, "evaluate", x, y, { sampleWeight }), batchSize);
}

export function evaluateDataset(model: Model, dataset: Dataset, batchSize = INFERENCE_ROWS, prefix = ""): Logs {
  const compiled = model.compiledFor("evaluate");
  const tally = new Tally(compiled, model.engine);
  for (let start = 0; start < dataset.rows; start += batchSize) {
    const rows = Math.min(batchSize, dataset.rows - start);
    const { losses, lossWeights } = compiled;
    const plan = (dataset.plans ?? model.built.plans).find({ mode: "evaluate", rows, losses, lossWeights });
    const batch = { dataset, start, rows, order: undefined };
    loadInputs(model.engine, plan, batch);
    loadTargets(model.engine, plan, batch);
    plan.forward();
    tally.add(plan);
  }
  return tally.logs(prefix);
}
