import { checkKeys, checkNumber, rangeError } from "../check.js";
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
  checkKeys(where, options, ["initial", "decaySteps", "alpha", "warmupTarget", "warmupSteps"]);
  const initial = checkNumber(where, "initial", options.initial, { min: 0 });
  const decaySteps = checkNumber(where, "decaySteps", options.decaySteps, { above: 0 });
  const alpha = checkNumber(where, "alpha", options.alpha ?? 0, { min: 0, max: 1 });
  const given = options.warmupSteps ?? 0;
  checkNumber(where, "warmupSteps", given, { min: 0 });
  const { warmupTarget } = options;
  if (warmupTarget !== undefined) checkNumber(where, "warmupTarget", warmupTarget, { min: 0 });
  else if (given > 0) throw rangeError(where, "warmupSteps needs a warmupTarget", "warmupSteps", given);
  const start = warmupTarget ?? initial;
  const config = {
    initial,
    decaySteps,
    alpha,
    ...(warmupTarget === undefined ? {} : { warmupTarget }),
    warmupSteps: given,
  };
  return named(where, config, (t) => {
    if (t < given) return initial + (start - initial) * (t / given);
    return start * ((1 - alpha) * halfCosine(Math.min((t - given) / decaySteps, 1)) + alpha);
  });
}
