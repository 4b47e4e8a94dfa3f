import { boolean, number, readOptions } from "../options.js";
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
  const config = readOptions(where, options, {
    initial: number({ min: 0 }),
    decaySteps: number({ above: 0 }),
    decayRate: number({ min: 0 }),
    staircase: boolean(false),
  });
  const { initial, decaySteps, decayRate, staircase } = config;
  return named(where, config, (t) => {
    const periods = t / decaySteps;
    return initial / (1 + decayRate * (staircase ? Math.floor(periods) : periods));
  });
}
