import { checkNumber } from "../check.js";
import { boolean, choice, integer, number, optional, readOptions, unchecked } from "../options.js";
import { halfCosine, named, type NamedSchedule } from "./schedule.js";

/** The two schedules of a 1cycle policy: momentum falls while the learning rate rises. */
export interface OneCycle {
  readonly learningRate: NamedSchedule;
  /** For `momentum` of sgd and rmsprop, `beta1` of the Adam family. */
  readonly momentum: NamedSchedule;
}

export interface OneCycleOptions {
  /** Peak of the learning rate, > 0. */
  maxLearningRate: number;
  /** Steps of the whole training, batches times epochs, an integer >= 1; the last value holds beyond. */
  totalSteps: number;
  /** Curve between the corners. Default "cosine". */
  shape?: "cosine" | "linear";
  /** Part of the steps in which the learning rate rises, in [0, 1]. Default .3. */
  warmupFraction?: number;
  /** First learning rate: maxLearningRate / divFactor; > 0. Default 25. */
  divFactor?: number;
  /** Last learning rate: the first / finalDivFactor; > 0. Default 1e4. */
  finalDivFactor?: number;
  /** Momentum at the peak, in [0, 1). Default .85. */
  minMomentum?: number;
  /** Momentum at both ends, in [0, 1). Default .95. */
  maxMomentum?: number;
  /** Falls to the first learning rate as fast as it rose, then to the last one in what remains. Default false. */
  threePhase?: boolean;
}

/** Both values at a step where a stretch of the cycle ends and the next one begins. */
interface Corner {
  readonly step: number;
  readonly learningRate: number;
  readonly momentum: number;
}

/** Bounds of a momentum. */
const momentum = { min: 0, below: 1 };

/**
 * The 1cycle policy as PyTorch's OneCycleLR has it, one step a batch: the learning rate rises from maxLearningRate /
 * divFactor to its maximum in warmupFraction * totalSteps steps and falls to a tiny value in the rest, while momentum
 * does the opposite. Smith & Topin 2019, arXiv:1708.07120.
 */
export function oneCycle(options: OneCycleOptions): OneCycle {
  const where = "oneCycle";
  const config = readOptions(where, options, {
    maxLearningRate: number({ above: 0 }),
    totalSteps: integer(1),
    shape: choice(["cosine", "linear"], "cosine"),
    warmupFraction: number({ min: 0, max: 1 }, 0.3),
    divFactor: number({ above: 0 }, 25),
    finalDivFactor: number({ above: 0 }, 1e4),
    minMomentum: number(momentum, 0.85),
    maxMomentum: number(momentum, 0.95),
    threePhase: boolean(false),
  });
  const { maxLearningRate, totalSteps, warmupFraction, minMomentum, maxMomentum } = config;

  const initial = maxLearningRate / config.divFactor;
  const peak = warmupFraction * totalSteps - 1;
  const low = { learningRate: initial, momentum: maxMomentum };
  const corners: Corner[] = [
    { step: 0, ...low },
    { step: peak, learningRate: maxLearningRate, momentum: minMomentum },
    ...(config.threePhase ? [{ step: 2 * peak, ...low }] : []),
    { step: totalSteps - 1, learningRate: initial / config.finalDivFactor, momentum: maxMomentum },
  ];
  return cycle(where, config, corners, config.shape === "cosine" ? halfCosine : straight);
}

export interface OneCycleBookOptions {
  /** Peak of the learning rate, > 0. */
  maxLearningRate: number;
  /** Steps of the whole training, batches times epochs, an integer >= 1; the last value holds beyond. */
  totalSteps: number;
  /** First learning rate, > 0. Default maxLearningRate / 10. */
  startLearningRate?: number;
  /** Steps of the last descent, an integer in [1, totalSteps]. Default floor(totalSteps / 10) + 1. */
  lastSteps?: number;
  /** Last learning rate, >= 0. Default startLearningRate / 1000. */
  lastLearningRate?: number;
  /** Momentum at the peak, in [0, 1). Default .85. */
  minMomentum?: number;
  /** Momentum at both ends, in [0, 1). Default .95. */
  maxMomentum?: number;
}

/**
 * The 1cycle policy as Géron, Hands-On Machine Learning, chapter 11 has it: straight up from start to maximum and down
 * again in half of the steps before the last ones each (rounded down), then down to almost nothing in the last ones.
 * Momentum falls and rises the other way, and stays high in the last steps.
 */
export function oneCycleBook(options: OneCycleBookOptions): OneCycle {
  const where = "oneCycleBook";
  const given = readOptions(where, options, {
    maxLearningRate: number({ above: 0 }),
    totalSteps: integer(1),
    startLearningRate: optional(number({ above: 0 })),
    lastSteps: unchecked(),
    lastLearningRate: optional(number({ min: 0 })),
    minMomentum: number(momentum, 0.85),
    maxMomentum: number(momentum, 0.95),
  });
  const { maxLearningRate, totalSteps, minMomentum, maxMomentum } = given;
  const { startLearningRate = maxLearningRate / 10 } = given;
  const tenth = Math.min(Math.floor(totalSteps / 10) + 1, totalSteps);
  const last = { min: 1, max: totalSteps, integer: true };
  const lastSteps = checkNumber(where, "lastSteps", given.lastSteps ?? tenth, last);
  const { lastLearningRate = startLearningRate / 1000 } = given;

  const half = Math.floor((totalSteps - lastSteps) / 2);
  const low = { learningRate: startLearningRate, momentum: maxMomentum };
  const corners: Corner[] = [
    { step: 0, ...low },
    { step: half, learningRate: maxLearningRate, momentum: minMomentum },
    { step: 2 * half, ...low },
    { step: totalSteps, learningRate: lastLearningRate, momentum: maxMomentum },
  ];
  return cycle(where, { ...given, startLearningRate, lastSteps, lastLearningRate }, corners, straight);
}

function straight(fraction: number): number {
  return 1 - fraction;
}

/** The pair of schedules through corners, each stretch bent by curve (from 1 to 0); beyond the last corner its values hold. */
function cycle(
  schedule: string,
  config: Readonly<Record<string, unknown>>,
  corners: readonly Corner[],
  curve: (fraction: number) => number,
): OneCycle {
  const at = (part: "learningRate" | "momentum") => (t: number) => {
    const found = corners.findIndex(({ step }, i) => i > 0 && t <= step && step > corners[i - 1]!.step);
    if (found < 0) return corners.at(-1)![part];
    const [from, to] = [corners[found - 1]!, corners[found]!];
    return to[part] + (from[part] - to[part]) * curve((t - from.step) / (to.step - from.step));
  };
  return {
    learningRate: named(schedule, config, at("learningRate"), "learningRate"),
    momentum: named(schedule, config, at("momentum"), "momentum"),
  };
}
