import { checkKeys, checkNumber } from "../check.js";
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
  checkKeys(where, options, ["initial", "stepSize", "factor"]);
  const initial = checkNumber(where, "initial", options.initial, { min: 0 });
  const stepSize = checkNumber(where, "stepSize", options.stepSize, { min: 1, integer: true });
  const factor = checkNumber(where, "factor", options.factor ?? 0.1, { above: 0 });
  return named(where, { initial, stepSize, factor }, (t) => initial * pow(factor, Math.floor(t / stepSize)));
}
