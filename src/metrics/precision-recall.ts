/** Precision, recall: every output of every row is one yes or no. */
import { rangeError } from "../check.js";
import { defineMetric, isSparse, ratio, targetAt, type MetricBatch } from "./metric.js";

interface Choice {
  threshold?: number;
  topK?: number;
  classId?: number;
}

/** Weighted counts of yes and no against the truth. Positive: above the threshold and among the topK of its row. */
class Counts {
  truePositives = 0;
  falsePositives = 0;
  falseNegatives = 0;
  readonly #threshold: number;
  readonly #topK: number;
  readonly #classId: number | undefined;

  constructor(
    private readonly where: string,
    private readonly score: (counts: Counts) => number,
    { threshold, topK, classId }: Choice,
  ) {
    this.#threshold = threshold ?? (topK === undefined ? 0.5 : -Infinity);
    this.#topK = topK ?? Infinity;
    this.#classId = classId;
  }

  reset(): void {
    this.truePositives = this.falsePositives = this.falseNegatives = 0;
  }

  update(batch: MetricBatch): void {
    const { rows, width, prediction, weights } = batch;
    const sparse = isSparse(batch);
    const only = this.#classId;
    if (only !== undefined && only >= width) {
      throw rangeError(this.where, `classId must be below the number of outputs, ${width}`, "classId", only);
    }
    for (let r = 0; r < rows; r++) {
      const weight = weights === undefined ? 1 : weights[r]!;
      for (let j = only ?? 0; j < (only === undefined ? width : only + 1); j++) {
        const yes = prediction[r * width + j]! > this.#threshold && this.#isAmongLargest(batch, r, j);
        const truth = targetAt(batch, sparse, r, j) !== 0;
        if (yes && truth) this.truePositives += weight;
        else if (yes) this.falsePositives += weight;
        else if (truth) this.falseNegatives += weight;
      }
    }
  }

  /** Of equal values the first count, as in a stable sort. */
  #isAmongLargest({ prediction, width }: MetricBatch, r: number, j: number): boolean {
    if (this.#topK >= width) return true;
    const value = prediction[r * width + j]!;
    let before = 0;
    for (let i = 0; i < width; i++) {
      const other = prediction[r * width + i]!;
      if (other > value || (other === value && i < j)) before++;
    }
    return before < this.#topK;
  }

  result(): number {
    return this.score(this);
  }
}

/**
 * True positives / predicted positives, over all outputs. threshold: default 0.5, or none if topK is given.
 * topK: count the k largest of a row. classId: one output only.
 */
export const precision = defineMetric({
  name: "precision",
  direction: "up",
  defaults: {},
  optional: ["threshold", "topK", "classId"],
  create: (options) =>
    new Counts("metrics.precision", (c) => ratio(c.truePositives, c.truePositives + c.falsePositives), options),
});

/** True positives / actual positives, over all outputs. Options as precision. */
export const recall = defineMetric({
  name: "recall",
  direction: "up",
  defaults: {},
  optional: ["threshold", "topK", "classId"],
  create: (options) =>
    new Counts("metrics.recall", (c) => ratio(c.truePositives, c.truePositives + c.falseNegatives), options),
});
