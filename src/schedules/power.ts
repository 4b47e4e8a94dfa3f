import { checkKeys, checkNumber } from "../check.js";
import { pow } from "../runtime/math.js";
import { named, type NamedSchedule } from "./schedule.js";

export interface PowerOptions {
  /** Value at step 0, >= 0. */
  initial: number;
  /** Steps after which it is initial / 2^power, > 0. */
  decaySteps: number;
  /** Exponent, >= 0. Default 1. */
  power?: number;
}

/**
 * initial / (1 + t / decaySteps)^power: quick at first, ever slower. Géron, Hands-On Machine Learning, chapter 11,
 * "power scheduling"; with power 1 it is inverseTimeDecay with decayRate 1.
 */
export function power(options: PowerOptions): NamedSchedule {
  const where = "power";
  checkKeys(where, options, ["initial", "decaySteps", "power"]);
  const initial = checkNumber(where, "initial", options.initial, { min: 0 });
  const decaySteps = checkNumber(where, "decaySteps", options.decaySteps, { above: 0 });
  const exponent = checkNumber(where, "power", options.power ?? 1, { min: 0 });
  return named(where, { initial, decaySteps, power: exponent }, (t) => initial / pow(1 + t / decaySteps, exponent));
}
