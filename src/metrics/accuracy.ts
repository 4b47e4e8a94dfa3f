/** Accuracies: the share of rows (or outputs) that are right. */
import { defineMetric, isSparse, RunningMean, targetAt, type MetricBatch } from "./metric.js";

/** Index of the largest of n floats from start; the first of equals; NaN counts as the largest. */
function argMax(x: Float32Array, start: number, n: number): number {
  let best = 0;
  let largest = x[start]!;
  for (let j = 1; j < n; j++) {
    const value = x[start + j]!;
    if (value > largest || (Number.isNaN(value) && !Number.isNaN(largest))) {
      largest = value;
      best = j;
    }
  }
  return best;
}

function classOf({ target, width }: MetricBatch, r: number): number {
  return target instanceof Float32Array ? argMax(target, r * width, width) : target[r]!;
}

class Accuracy extends RunningMean {
  constructor(private readonly right: (batch: MetricBatch, row: number) => number) {
    super();
  }

  update(batch: MetricBatch): void {
    const { rows, weights } = batch;
    for (let r = 0; r < rows; r++) this.add(this.right(batch, r), weights === undefined ? 1 : weights[r]!);
  }
}

/** Share of the outputs of a row that are on their target's side of the threshold. */
function binary(threshold: number) {
  return (batch: MetricBatch, r: number): number => {
    const { prediction, width } = batch;
    const sparse = isSparse(batch);
    let right = 0;
    for (let j = 0; j < width; j++) {
      if (Number(prediction[r * width + j]! > threshold) === targetAt(batch, sparse, r, j)) right++;
    }
    return right / width;
  };
}

/** Whether the largest output is the target's class. */
function categorical(batch: MetricBatch, r: number): number {
  return Number(argMax(batch.prediction, r * batch.width, batch.width) === classOf(batch, r));
}

/** Whether fewer than k outputs are larger than that of the target's class. */
function amongLargest(k: number) {
  return (batch: MetricBatch, r: number): number => {
    const { prediction, width } = batch;
    const value = prediction[r * width + classOf(batch, r)]!;
    let larger = 0;
    for (let j = 0; j < width; j++) if (prediction[r * width + j]! > value || Number.isNaN(value)) larger++;
    return Number(larger < k);
  };
}

/** binaryAccuracy (threshold 0.5) for one output, else categoricalAccuracy; targets are classes, one-hot or 0 and 1. */
export const accuracy = defineMetric({
  name: "accuracy",
  direction: "up",
  defaults: {},
  create() {
    const ofOne = binary(0.5);
    return new Accuracy((batch, r) => (batch.width === 1 ? ofOne(batch, r) : categorical(batch, r)));
  },
});

/** Share of outputs on their target's side: prediction > threshold (default 0.5) against a target of 1 or 0. */
export const binaryAccuracy = defineMetric({
  name: "binaryAccuracy",
  direction: "up",
  defaults: { threshold: 0.5 },
  create: ({ threshold }) => new Accuracy(binary(threshold)),
});

/** Share of rows whose largest prediction is at the largest target. */
export const categoricalAccuracy = defineMetric({
  name: "categoricalAccuracy",
  direction: "up",
  defaults: {},
  create: () => new Accuracy(categorical),
});

/** Share of rows whose largest prediction is that of the class index. */
export const sparseCategoricalAccuracy = defineMetric({
  name: "sparseCategoricalAccuracy",
  direction: "up",
  defaults: {},
  create: () => new Accuracy(categorical),
});

/** Share of rows whose class (index or one-hot) is among the k (default 5) largest predictions; ties count as among. */
export const topKCategoricalAccuracy = defineMetric({
  name: "topKCategoricalAccuracy",
  direction: "up",
  defaults: { k: 5 },
  create: ({ k }) => new Accuracy(amongLargest(k)),
});
