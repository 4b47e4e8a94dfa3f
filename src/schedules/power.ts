import { number, readOptions } from "../options.js";
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
  const config = readOptions(where, options, {
    initial: number({ min: 0 }),
    decaySteps: number({ above: 0 }),
    power: number({ min: 0 }, 1),
  });
  const { initial, decaySteps, power: exponent } = config;
  return named(where, config, (t) => initial / pow(1 + t / decaySteps, exponent));
}
