/** Means of errors over rows and outputs. */
import { defineMetric, isSparse, RunningMean, targetAt, type MetricBatch } from "./metric.js";

class MeanError extends RunningMean {
  constructor(private readonly error: (difference: number) => number) {
    super();
  }

  update(batch: MetricBatch): void {
    const { rows, width, prediction, weights } = batch;
    const sparse = isSparse(batch);
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += this.error(prediction[r * width + j]! - targetAt(batch, sparse, r, j));
      this.add(sum / width, weights === undefined ? 1 : weights[r]!);
    }
  }
}

class RootMeanError extends MeanError {
  override result(): number {
    return Math.sqrt(super.result());
  }
}

const square = (difference: number): number => difference * difference;

/** Mean of (y - t)². */
export const meanSquaredError = defineMetric({
  name: "meanSquaredError",
  direction: "down",
  defaults: {},
  create: () => new MeanError(square),
});

/** Square root of the mean of (y - t)² over everything seen. */
export const rootMeanSquaredError = defineMetric({
  name: "rootMeanSquaredError",
  direction: "down",
  defaults: {},
  create: () => new RootMeanError(square),
});

/** Mean of |y - t|. */
export const meanAbsoluteError = defineMetric({
  name: "meanAbsoluteError",
  direction: "down",
  defaults: {},
  create: () => new MeanError(Math.abs),
});
