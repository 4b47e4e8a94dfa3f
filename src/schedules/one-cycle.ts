import { checkBoolean, checkChoice, checkKeys, checkNumber } from "../check.js";
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

const KEYS = [
  "maxLearningRate",
  "totalSteps",
  "shape",
  "warmupFraction",
  "divFactor",
  "finalDivFactor",
  "minMomentum",
  "maxMomentum",
  "threePhase",
];

/**
 * The 1cycle policy as PyTorch's OneCycleLR has it, one step a batch: the learning rate rises from maxLearningRate /
 * divFactor to its maximum in warmupFraction * totalSteps steps and falls to a tiny value in the rest, while momentum
 * does the opposite. Smith & Topin 2019, arXiv:1708.07120.
 */
export function oneCycle(options: OneCycleOptions): OneCycle {
  const where = "oneCycle";
  checkKeys(where, options, KEYS);
  const max = checkNumber(where, "maxLearningRate", options.maxLearningRate, { above: 0 });
  const totalSteps = checkNumber(where, "totalSteps", options.totalSteps, { min: 1, integer: true });
  const shape = checkChoice(where, "shape", options.shape ?? "cosine", ["cosine", "linear"]);
  const warmupFraction = checkNumber(where, "warmupFraction", options.warmupFraction ?? 0.3, { min: 0, max: 1 });
  const divFactor = checkNumber(where, "divFactor", options.divFactor ?? 25, { above: 0 });
  const finalDivFactor = checkNumber(where, "finalDivFactor", options.finalDivFactor ?? 1e4, { above: 0 });
  const minMomentum = checkNumber(where, "minMomentum", options.minMomentum ?? 0.85, { min: 0, below: 1 });
  const maxMomentum = checkNumber(where, "maxMomentum", options.maxMomentum ?? 0.95, { min: 0, below: 1 });
  const threePhase = checkBoolean(where, "threePhase", options.threePhase ?? false);

  const initial = max / divFactor;
  const peak = warmupFraction * totalSteps - 1;
  const low = { learningRate: initial, momentum: maxMomentum };
  const corners: Corner[] = [
    { step: 0, ...low },
    { step: peak, learningRate: max, momentum: minMomentum },
    ...(threePhase ? [{ step: 2 * peak, ...low }] : []),
    { step: totalSteps - 1, learningRate: initial / finalDivFactor, momentum: maxMomentum },
  ];
  const config = {
    maxLearningRate: max,
    totalSteps,
    shape,
    warmupFraction,
    divFactor,
    finalDivFactor,
    minMomentum,
    maxMomentum,
    threePhase,
  };
  return cycle(where, config, corners, shape === "cosine" ? halfCosine : straight);
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
  const keys = ["startLearningRate", "lastSteps", "lastLearningRate", "minMomentum", "maxMomentum"];
  checkKeys(where, options, ["maxLearningRate", "totalSteps", ...keys]);
  const max = checkNumber(where, "maxLearningRate", options.maxLearningRate, { above: 0 });
  const totalSteps = checkNumber(where, "totalSteps", options.totalSteps, { min: 1, integer: true });
  const start = checkNumber(where, "startLearningRate", options.startLearningRate ?? max / 10, { above: 0 });
  const defaultLast = Math.min(Math.floor(totalSteps / 10) + 1, totalSteps);
  const last = { min: 1, max: totalSteps, integer: true };
  const lastSteps = checkNumber(where, "lastSteps", options.lastSteps ?? defaultLast, last);
  const end = checkNumber(where, "lastLearningRate", options.lastLearningRate ?? start / 1000, { min: 0 });
  const minMomentum = checkNumber(where, "minMomentum", options.minMomentum ?? 0.85, { min: 0, below: 1 });
  const maxMomentum = checkNumber(where, "maxMomentum", options.maxMomentum ?? 0.95, { min: 0, below: 1 });

  const half = Math.floor((totalSteps - lastSteps) / 2);
  const low = { learningRate: start, momentum: maxMomentum };
  const corners: Corner[] = [
    { step: 0, ...low },
    { step: half, learningRate: max, momentum: minMomentum },
    { step: 2 * half, ...low },
    { step: totalSteps, learningRate: end, momentum: maxMomentum },
  ];
  const config = {
    maxLearningRate: max,
    totalSteps,
    startLearningRate: start,
    lastSteps,
    lastLearningRate: end,
    minMomentum,
    maxMomentum,
  };
  return cycle(where, config, corners, straight);
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
