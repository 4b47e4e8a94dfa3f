import { exp, log } from "../runtime/math.js";
import { defineMetric, isSparse, ratio, targetAt, type MetricBatch, type MetricState } from "./metric.js";

type Summation = "interpolation" | "minoring" | "majoring";

/**
 * Positives and negatives by prediction, in numThresholds - 1 buckets (i, i + 1] / (numThresholds - 1) (the first one
 * closed); the last threshold, just above 1, has none above it.
 */
class Auc implements MetricState {
  readonly #positives: Float64Array;
  readonly #negatives: Float64Array;

  constructor(
    private readonly curve: "ROC" | "PR",
    private readonly numThresholds: number,
    private readonly summationMethod: Summation,
    private readonly fromLogits: boolean,
  ) {
    this.#positives = new Float64Array(numThresholds);
    this.#negatives = new Float64Array(numThresholds);
  }

  reset(): void {
    this.#positives.fill(0);
    this.#negatives.fill(0);
  }

  update(batch: MetricBatch): void {
    const { rows, width, prediction, weights } = batch;
    const sparse = isSparse(batch);
    for (let r = 0; r < rows; r++) {
      const weight = weights === undefined ? 1 : weights[r]!;
      for (let j = 0; j < width; j++) {
        const value = prediction[r * width + j]!;
        const p = Math.min(Math.max(this.fromLogits ? 1 / (1 + exp(-value)) : value, 0), 1);
        const bucket = Math.max(Math.ceil(Math.fround(p * (this.numThresholds - 1))) - 1, 0) || 0; // NaN: the lowest
        (targetAt(batch, sparse, r, j) !== 0 ? this.#positives : this.#negatives)[bucket]! += weight;
      }
    }
  }

  result(): number {
    const tp = above(this.#positives);
    const fp = above(this.#negatives);
    const precision = tp.map((count, i) => ratio(count, count + fp[i]!));
    const recall = tp.map((count) => ratio(count, tp[0]!));
    if (this.curve === "ROC") {
      const falsePositiveRate = fp.map((count) => ratio(count, fp[0]!));
      return area(falsePositiveRate, recall, this.summationMethod);
    }
    if (this.summationMethod === "interpolation") return interpolatedPrecisionRecall(tp, fp);
    return area(recall, precision, this.summationMethod);
  }
}

/** Sum of the buckets from i on: what lies above threshold i. */
function above(buckets: Float64Array): Float64Array {
  const sums = buckets.slice();
  for (let i = sums.length - 2; i >= 0; i--) sums[i]! += sums[i + 1]!;
  return sums;
}

/** Area under y over x, which falls along the thresholds; each step as high as its ends' mean, minimum or maximum. */
function area(x: Float64Array, y: Float64Array, method: Summation): number {
  let total = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const a = y[i]!;
    const b = y[i + 1]!;
    const height = method === "interpolation" ? (a + b) / 2 : method === "minoring" ? Math.min(a, b) : Math.max(a, b);
    total += (x[i]! - x[i + 1]!) * height;
  }
  return total;
}

/**
 * Area under precision over recall, with true and false positives (not their ratio) linear between thresholds:
 * with P = TP + FP and slope = dTP / dP, the integral over a step is slope (dTP + (TP_B - slope P_B) log(P_A / P_B)).
 * Davis & Goadrich 2006, section 4.
 */
function interpolatedPrecisionRecall(tp: Float64Array, fp: Float64Array): number {
  let total = 0;
  for (let i = 0; i + 1 < tp.length; i++) {
    const dTp = tp[i]! - tp[i + 1]!;
    const p = tp[i]! + fp[i]!;
    const pNext = tp[i + 1]! + fp[i + 1]!;
    const slope = ratio(dTp, Math.max(p - pNext, 0));
    const intercept = tp[i + 1]! - slope * pNext;
    const growth = p > 0 && pNext > 0 ? log(p / pNext) : 0;
    total += ratio(slope * (dTp + intercept * growth), tp[0]!);
  }
  return total;
}

/**
 * Area under a curve over all thresholds, from numThresholds (default 200) of them.
 * curve: "ROC" (default: recall over the false-positive rate) or "PR" (precision over recall).
 * summationMethod: "interpolation" (default), "minoring", "majoring" (bounds from below and above).
 * fromLogits: default false. All outputs of all rows together; predictions are clipped to [0, 1].
 */
export const auc = defineMetric({
  name: "auc",
  direction: "up",
  defaults: { curve: "ROC", numThresholds: 200, summationMethod: "interpolation", fromLogits: false },
  create: ({ curve, numThresholds, summationMethod, fromLogits }) =>
    new Auc(curve, numThresholds, summationMethod, fromLogits),
});
