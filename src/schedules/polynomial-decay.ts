import { checkBoolean, checkKeys, checkNumber } from "../check.js";
import { pow } from "../runtime/math.js";
import { named, type NamedSchedule } from "./schedule.js";

export interface PolynomialDecayOptions {
  /** Value at step 0, >= 0. */
  initial: number;
  /** Steps from initial to end, > 0. */
  decaySteps: number;
  /** Last value, >= 0. Default 1e-4. */
  end?: number;
  /** Exponent, >= 0; 1 is a straight line. Default 1. */
  power?: number;
  /** Instead of staying at end, starts anew towards the next multiple of decaySteps. Default false. */
  cycle?: boolean;
}

/**
 * (initial - end) * (1 - t / decaySteps)^power + end, t at most decaySteps; with cycle decaySteps is its first multiple
 * that is not below t. Keras's PolynomialDecay.
 */
export function polynomialDecay(options: PolynomialDecayOptions): NamedSchedule {
  const where = "polynomialDecay";
  checkKeys(where, options, ["initial", "decaySteps", "end", "power", "cycle"]);
  const initial = checkNumber(where, "initial", options.initial, { min: 0 });
  const decaySteps = checkNumber(where, "decaySteps", options.decaySteps, { above: 0 });
  const end = checkNumber(where, "end", options.end ?? 1e-4, { min: 0 });
  const power = checkNumber(where, "power", options.power ?? 1, { min: 0 });
  const cycle = checkBoolean(where, "cycle", options.cycle ?? false);
  return named(where, { initial, decaySteps, end, power, cycle }, (t) => {
    const steps = cycle ? decaySteps * Math.max(Math.ceil(t / decaySteps), 1) : decaySteps;
    return (initial - end) * pow(1 - Math.min(t / steps, 1), power) + end;
  });
}
