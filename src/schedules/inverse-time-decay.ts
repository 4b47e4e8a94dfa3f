import { checkBoolean, checkKeys, checkNumber } from "../check.js";
import { named, type NamedSchedule } from "./schedule.js";

export interface InverseTimeDecayOptions {
  /** Value at step 0, >= 0. */
  initial: number;
  /** Steps that count as one, > 0. */
  decaySteps: number;
  /** Growth of the divisor per decaySteps, >= 0. */
  decayRate: number;
  /** Falls at whole multiples of decaySteps only. Default false. */
  staircase?: boolean;
}

/** initial / (1 + decayRate * t / decaySteps); with staircase t / decaySteps is rounded down. Keras's. */
export function inverseTimeDecay(options: InverseTimeDecayOptions): NamedSchedule {
  const where = "inverseTimeDecay";
  checkKeys(where, options, ["initial", "decaySteps", "decayRate", "staircase"]);
  const initial = checkNumber(where, "initial", options.initial, { min: 0 });
  const decaySteps = checkNumber(where, "decaySteps", options.decaySteps, { above: 0 });
  const decayRate = checkNumber(where, "decayRate", options.decayRate, { min: 0 });
  const staircase = checkBoolean(where, "staircase", options.staircase ?? false);
  return named(where, { initial, decaySteps, decayRate, staircase }, (t) => {
    const periods = t / decaySteps;
    return initial / (1 + decayRate * (staircase ? Math.floor(periods) : periods));
  });
}
