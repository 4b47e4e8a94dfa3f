import { checkBoolean, checkKeys, checkNumber } from "../check.js";
import { pow } from "../runtime/math.js";
import { named, type NamedSchedule } from "./schedule.js";

export interface ExponentialDecayOptions {
  /** Value at step 0, >= 0. */
  initial: number;
  /** Steps in which it falls by decayRate, > 0. */
  decaySteps: number;
  /** Factor per decaySteps, > 0. */
  decayRate: number;
  /** Falls at whole multiples of decaySteps only. Default false. */
  staircase?: boolean;
}

/** initial * decayRate^(t / decaySteps); with staircase the exponent is rounded down. Keras's ExponentialDecay. */
export function exponentialDecay(options: ExponentialDecayOptions): NamedSchedule {
  const where = "exponentialDecay";
  checkKeys(where, options, ["initial", "decaySteps", "decayRate", "staircase"]);
  const initial = checkNumber(where, "initial", options.initial, { min: 0 });
  const decaySteps = checkNumber(where, "decaySteps", options.decaySteps, { above: 0 });
  const decayRate = checkNumber(where, "decayRate", options.decayRate, { above: 0 });
  const staircase = checkBoolean(where, "staircase", options.staircase ?? false);
  return named(where, { initial, decaySteps, decayRate, staircase }, (t) => {
    const exponent = t / decaySteps;
    return initial * pow(decayRate, staircase ? Math.floor(exponent) : exponent);
  });
}
