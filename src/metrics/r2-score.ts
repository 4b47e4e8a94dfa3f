import { defineMetric, isSparse, targetAt, type MetricBatch, type MetricState } from "./metric.js";

/** Weighted sums of every output. Targets are taken relative to the first row's, so that a large mean cancels nothing. */
class R2Score implements MetricState {
  #origin = new Float64Array(0);
  #sum = new Float64Array(0);
  #squares = new Float64Array(0);
  #residual = new Float64Array(0);
  #count = 0;

  constructor(private readonly classAggregation: "uniformAverage" | "varianceWeightedAverage") {}

  reset(): void {
    this.#origin = this.#sum = this.#squares = this.#residual = new Float64Array(0);
    this.#count = 0;
  }

  update(batch: MetricBatch): void {
    const { rows, width, prediction, weights } = batch;
    const sparse = isSparse(batch);
    if (rows === 0) return;
    if (this.#sum.length !== width) {
      this.#origin = Float64Array.from({ length: width }, (_, j) => targetAt(batch, sparse, 0, j));
      this.#sum = new Float64Array(width);
      this.#squares = new Float64Array(width);
      this.#residual = new Float64Array(width);
    }
    for (let r = 0; r < rows; r++) {
      const weight = weights === undefined ? 1 : weights[r]!;
      for (let j = 0; j < width; j++) {
        const t = targetAt(batch, sparse, r, j);
        const centred = t - this.#origin[j]!;
        const error = t - prediction[r * width + j]!;
        this.#sum[j]! += weight * centred;
        this.#squares[j]! += weight * centred * centred;
        this.#residual[j]! += weight * error * error;
      }
      this.#count += weight;
    }
  }

  result(): number {
    const width = this.#sum.length;
    let scores = 0;
    let weighted = 0;
    let total = 0;
    for (let j = 0; j < width; j++) {
      const variation = this.#squares[j]! - (this.#sum[j]! * this.#sum[j]!) / this.#count;
      const score = 1 - this.#residual[j]! / variation;
      const finite = Math.abs(score) === Infinity ? 0 : score;
      scores += finite;
      weighted += finite * variation;
      total += variation;
    }
    return this.classAggregation === "uniformAverage" ? scores / width : weighted / total;
  }
}

/**
 * 1 - (sum of (t - y)²) / (sum of (t - mean t)²) of every output, averaged; 0 for an output whose targets are all equal
 * while its predictions are not, NaN while there is nothing to explain.
 * classAggregation: "uniformAverage" (default) or "varianceWeightedAverage".
 */
export const r2Score = defineMetric({
  name: "r2Score",
  direction: "up",
  defaults: { classAggregation: "uniformAverage" },
  create: ({ classAggregation }) => new R2Score(classAggregation),
});
