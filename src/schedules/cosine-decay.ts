import { rangeError } from "../check.js";
import { number, optional, readOptions } from "../options.js";
import { halfCosine, named, type NamedSchedule } from "./schedule.js";

export interface CosineDecayOptions {
  /** Value at step 0, >= 0. */
  initial: number;
  /** Steps of the decay, after those of the warm-up, > 0. */
  decaySteps: number;
  /** Last value as a part of the value that decays, in [0, 1]. Default 0. */
  alpha?: number;
  /** Value at the end of a linear warm-up from initial, >= 0. Default: no warm-up. */
  warmupTarget?: number;
  /** Steps of the warm-up, >= 0. Default 0. */
  warmupSteps?: number;
}

/**
 * start * ((1 - alpha) * (1 + cos(pi * t / decaySteps)) / 2 + alpha), t at most decaySteps and counted from the end of
 * the warm-up; start is warmupTarget, or initial without a warm-up. Keras's CosineDecay; Loshchilov & Hutter 2017.
 */
export function cosineDecay(options: CosineDecayOptions): NamedSchedule {
  const where = "cosineDecay";
  const { warmupTarget, ...config } = readOptions(where, options, {
    initial: number({ min: 0 }),
    decaySteps: number({ above: 0 }),
    alpha: number({ min: 0, max: 1 }, 0),
    warmupTarget: optional(number({ min: 0 })),
    warmupSteps: number({ min: 0 }, 0),
  });
  const { initial, decaySteps, alpha, warmupSteps } = config;
  if (warmupTarget === undefined && warmupSteps > 0) {
    throw rangeError(where, "warmupSteps needs a warmupTarget", "warmupSteps", warmupSteps);
  }
  const start = warmupTarget ?? initial;
  return named(where, { ...config, ...(warmupTarget === undefined ? {} : { warmupTarget }) }, (t) => {
    if (t < warmupSteps) return initial + (start - initial) * (t / warmupSteps);
    return start * ((1 - alpha) * halfCosine(Math.min((t - warmupSteps) / decaySteps, 1)) + alpha);
  });
}
