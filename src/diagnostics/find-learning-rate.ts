import { checkNumber, rangeError } from "../check.js";
import { integer, number, readOptions, unchecked } from "../options.js";
import type { Model, ModelData } from "../models/model.js";
import { trainStep, toDataset } from "../models/train.js";
import { shuffledIndices } from "../random.js";
import { exp, log } from "../runtime/math.js";

/** Options of `findLearningRate`. */
export interface LearningRateRange {
  /** First rate. Default 1e-5. */
  minLearningRate?: number;
  /** Last rate. Default 10. */
  maxLearningRate?: number;
  /** Steps between them. Default 200. */
  iterations?: number;
  /** Rows per step. Default 32. */
  batchSize?: number;
}

/** The curve of a range test. */
export interface LearningRateCurve {
  /** Of each step that was made. */
  readonly learningRates: Float64Array;
  /** Training loss of each step, as it was. */
  readonly losses: Float64Array;
  /** Rate at which the smoothed loss falls fastest. */
  readonly steepest: number;
  /** A tenth of the rate at which the loss blows up. */
  readonly tenthOfBlowUp: number;
  /** The smaller of the two: a rate to start from. */
  readonly suggestion: number;
}

/** Weight of the past in the smoothed loss. */
const SMOOTHING = 0.9;
/** The test ends when the smoothed loss exceeds its minimum so many times: it has blown up. */
const BLOW_UP = 4;

/**
 * Trains with a rate that grows exponentially from step to step and watches the loss (Smith 2017, arXiv:1506.01186,
 * section 3.3). Afterwards, also after an exception, the model is as it was to the bit: weights, statistics, optimizer
 * state, rate and random numbers.
 */
export async function findLearningRate(
  model: Model,
  x: ModelData,
  y: ModelData,
  options: LearningRateRange = {},
): Promise<LearningRateCurve> {
  const where = "findLearningRate";
  const { minLearningRate, maxLearningRate, iterations, batchSize } = readOptions(where, options, {
    minLearningRate: number({ above: 0 }, 1e-5),
    maxLearningRate: unchecked(10),
    iterations: integer(3, 200),
    batchSize: integer(1, 32),
  });
  checkNumber(where, "maxLearningRate", maxLearningRate, { above: minLearningRate });
  const { optimizer } = model.compiledFor(where);
  const dataset = toDataset(model, where, x, y);
  if (model.learningParameters().size === 0)
    throw rangeError(where, "some layer must be trainable", "trainable", false);

  const restore = model.snapshot();
  const rates: number[] = [];
  const losses: number[] = [];
  try {
    const rows = Math.min(batchSize, dataset.rows);
    const perEpoch = Math.floor(dataset.rows / rows);
    const ratio = log(maxLearningRate / minLearningRate) / (iterations - 1);
    let order = new Uint32Array(0);
    let smoothed = 0;
    let best = Infinity;
    let yieldAt = performance.now() + 50;
    for (let step = 0; step < iterations; step++) {
      if (step % perEpoch === 0)
        order = shuffledIndices(dataset.rows, model.stream("shuffle"), model.epochs + step / perEpoch);
      optimizer.learningRate = minLearningRate * exp(ratio * step);
      const plan = trainStep(model, where, { dataset, start: (step % perEpoch) * rows, rows, order });
      rates.push(optimizer.learningRate);
      losses.push(plan.loss);
      smoothed = step === 0 ? plan.loss : SMOOTHING * smoothed + (1 - SMOOTHING) * plan.loss;
      if (!Number.isFinite(plan.loss) || (step > 0 && smoothed > BLOW_UP * best)) break;
      best = Math.min(best, smoothed);
      if (performance.now() >= yieldAt) {
        await new Promise((resolve) => setTimeout(resolve));
        yieldAt = performance.now() + 50;
      }
    }
  } finally {
    restore();
  }
  return readCurve(Float64Array.from(rates), Float64Array.from(losses));
}

/** Reads the rates off a curve. */
export function readCurve(learningRates: Float64Array, losses: Float64Array): LearningRateCurve {
  const finite = losses.findIndex((loss) => !Number.isFinite(loss));
  const end = finite < 0 ? losses.length : finite;
  // Forward and backward smoothing cancel each other's delay.
  const smooth = (values: number[]): number[] => {
    let last = values[0] ?? NaN;
    return values.map((value) => (last = SMOOTHING * last + (1 - SMOOTHING) * value));
  };
  // A climb to as far above the start as the lowest loss is below it shows the blow-up; more would smear over its onset.
  const finiteLosses = [...losses.subarray(0, end)];
  const first = finiteLosses.slice(0, 5);
  const start = first.reduce((sum, loss) => sum + loss, 0) / first.length;
  const cap = 2 * start - Math.min(...finiteLosses);
  const smoothed = smooth(smooth(finiteLosses.map((loss) => Math.min(loss, cap))).reverse()).reverse();
  const lowest = smoothed.indexOf(Math.min(...smoothed));
  let steepest = 0;
  for (let i = 1; i <= lowest; i++) {
    if (smoothed[i]! - smoothed[i - 1]! < smoothed[steepest + 1]! - smoothed[steepest]!) steepest = i - 1;
  }
  // Blow-up: where the loss has climbed back from its minimum by a tenth of all it had fallen.
  const fallen = Math.max(smoothed[0]! - smoothed[lowest]!, 0);
  const climb = smoothed.findIndex((loss, i) => i > lowest && loss > smoothed[lowest]! + 0.1 * fallen);
  const blowUp = learningRates[climb < 0 ? end - 1 : climb]!;
  const fastest = learningRates[steepest]!;
  const tenth = blowUp / 10;
  return { learningRates, losses, steepest: fastest, tenthOfBlowUp: tenth, suggestion: Math.min(fastest, tenth) };
}
