import { boolean, number, readOptions } from "../options.js";
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
  const config = readOptions(where, options, {
    initial: number({ min: 0 }),
    decaySteps: number({ above: 0 }),
    end: number({ min: 0 }, 1e-4),
    power: number({ min: 0 }, 1),
    cycle: boolean(false),
  });
  const { initial, decaySteps, end, power, cycle } = config;
  return named(where, config, (t) => {
    const steps = cycle ? decaySteps * Math.max(Math.ceil(t / decaySteps), 1) : decaySteps;
    return (initial - end) * pow(1 - Math.min(t / steps, 1), power) + end;
  });
}
