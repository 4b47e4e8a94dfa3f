import { rangeError } from "../check.js";
import { defineMetric, isSparse, ratio, targetAt, type MetricBatch, type MetricState } from "./metric.js";

/** Predictions that count as zero, so that a row of zeros is positive nowhere. */
const NEGLIGIBLE = 1e-9;

/** Weighted counts of every output. */
class F1Score implements MetricState {
  #truePositives = new Float64Array(0);
  #falsePositives = new Float64Array(0);
  #falseNegatives = new Float64Array(0);

  constructor(
    private readonly average: "macro" | "micro" | "weighted",
    private readonly threshold: number | undefined,
    private readonly classId: number | undefined,
  ) {}

  reset(): void {
    this.#allocate(0);
  }

  #allocate(width: number): void {
    this.#truePositives = new Float64Array(width);
    this.#falsePositives = new Float64Array(width);
    this.#falseNegatives = new Float64Array(width);
  }

  update(batch: MetricBatch): void {
    const { rows, width, prediction, weights } = batch;
    const sparse = isSparse(batch);
    if (this.#truePositives.length !== width) this.#allocate(width);
    if (this.classId !== undefined && this.classId >= width) {
      const expected = `classId must be below the number of outputs, ${width}`;
      throw rangeError("metrics.f1Score", expected, "classId", this.classId);
    }
    const threshold = this.threshold ?? (width === 1 ? 0.5 : undefined);
    const truePositives = this.#truePositives;
    const falsePositives = this.#falsePositives;
    const falseNegatives = this.#falseNegatives;
    for (let r = 0; r < rows; r++) {
      const weight = weights === undefined ? 1 : weights[r]!;
      let largest = -Infinity;
      for (let j = 0; j < width; j++) largest = Math.max(largest, prediction[r * width + j]!);
      for (let j = 0; j < width; j++) {
        const value = prediction[r * width + j]!;
        const yes = threshold === undefined ? value >= largest && Math.abs(value) > NEGLIGIBLE : value > threshold;
        const truth = targetAt(batch, sparse, r, j);
        if (yes) {
          truePositives[j]! += weight * truth;
          falsePositives[j]! += weight * (1 - truth);
        } else {
          falseNegatives[j]! += weight * truth;
        }
      }
    }
  }

  result(): number {
    const tp = this.#truePositives;
    const fp = this.#falsePositives;
    const fn = this.#falseNegatives;
    const sum = (x: Float64Array) => x.reduce((total, value) => total + value, 0);
    if (this.average === "micro" && this.classId === undefined) return f1(sum(tp), sum(fp), sum(fn));
    const scores = tp.map((count, j) => f1(count, fp[j]!, fn[j]!));
    if (this.classId !== undefined) return scores[this.classId] ?? 0;
    if (this.average === "macro") return ratio(sum(scores), scores.length);
    const actual = tp.map((count, j) => count + fn[j]!);
    return ratio(sum(scores.map((score, j) => score * actual[j]!)), sum(actual));
  }
}

/** The harmonic mean of precision and recall. */
function f1(tp: number, fp: number, fn: number): number {
  return ratio(2 * tp, 2 * tp + fp + fn);
}

/**
 * 2 precision recall / (precision + recall), for every output, then averaged.
 * average: "macro" (default: all outputs alike), "micro" (all counts together), "weighted" (by actual positives).
 * classId: the score of one output. (Keras's default gives a vector of all; a log is a number.)
 * threshold: above it is positive; by default the largest of a row is, and above 0.5 where there is one output.
 */
export const f1Score = defineMetric({
  name: "f1Score",
  direction: "up",
  defaults: { average: "macro" },
  optional: ["threshold", "classId"],
  create: ({ average, threshold, classId }) => new F1Score(average, threshold, classId),
});
