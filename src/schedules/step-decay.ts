import { integer, number, readOptions } from "../options.js";
import { pow } from "../runtime/math.js";
import { named, type NamedSchedule } from "./schedule.js";

export interface StepDecayOptions {
  /** Value at step 0, >= 0. */
  initial: number;
  /** Steps between two falls, an integer >= 1. */
  stepSize: number;
  /** Factor of each fall, > 0. Default .1. */
  factor?: number;
}

/** initial * factor^floor(t / stepSize). PyTorch's StepLR. */
export function stepDecay(options: StepDecayOptions): NamedSchedule {
  const where = "stepDecay";
  const config = readOptions(where, options, {
    initial: number({ min: 0 }),
    stepSize: integer(1),
    factor: number({ above: 0 }, 0.1),
  });
  const { initial, stepSize, factor } = config;
  return named(where, config, (t) => initial * pow(factor, Math.floor(t / stepSize)));
}
