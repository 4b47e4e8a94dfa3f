import { checkKeys, checkNumber } from "../check.js";
import { Tensor } from "../tensor.js";
import { commonRows, loadInputs, type Dataset } from "./data.js";
import { INFERENCE_ROWS } from "./evaluate.js";
import type { Model, ModelData } from "./model.js";
import { toInputs } from "./train.js";

/** Options of `predict`. */
export interface PredictOptions {
  /** Rows per pass: no effect on the result but for memory and speed. Default 128. */
  batchSize?: number;
}

export function predict(model: Model, x: ModelData, options: PredictOptions): Tensor | Tensor[] {
  checkKeys("predict", options, ["batchSize"]);
  const { batchSize = INFERENCE_ROWS } = options;
  if (batchSize !== Infinity) checkNumber("predict", "batchSize", batchSize, { min: 1, integer: true });
  const dataset = toPredictionDataset(model, "predict", x);
  const { graph } = model;
  const results = graph.outputs.map(({ shape }) => {
    const full = [dataset.rows, ...shape];
    return new Tensor(new Float32Array(full.reduce((a, b) => a * b, 1)), full);
  });
  for (let start = 0; start < dataset.rows; start += batchSize) {
    const rows = Math.min(batchSize, dataset.rows - start);
    const plan = model.built.plans.find({ mode: "predict", rows });
    loadInputs(model.engine, plan, { dataset, start, rows, order: undefined });
    plan.forward();
    plan.outputs.forEach((output, i) => results[i]!.data.set(plan.view(output), start * output.width));
  }
  return results.length === 1 ? results[0]! : results;
}

/** Inputs alone. */
export function toPredictionDataset(model: Model, where: string, x: unknown): Dataset {
  const inputs = toInputs(model, where, x);
  return { rows: commonRows(where, inputs), inputs, targets: [], weights: [] };
}
