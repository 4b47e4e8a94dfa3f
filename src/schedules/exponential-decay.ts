import { boolean, number, readOptions } from "../options.js";
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
  const config = readOptions(where, options, {
    initial: number({ min: 0 }),
    decaySteps: number({ above: 0 }),
    decayRate: number({ above: 0 }),
    staircase: boolean(false),
  });
  const { initial, decaySteps, decayRate, staircase } = config;
  return named(where, config, (t) => {
    const exponent = t / decaySteps;
    return initial * pow(decayRate, staircase ? Math.floor(exponent) : exponent);
  });
}
