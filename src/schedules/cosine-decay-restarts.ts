import { number, readOptions } from "../options.js";
import { log, log1p, pow } from "../runtime/math.js";
import { halfCosine, named, type NamedSchedule } from "./schedule.js";

/** Part of a period within which a step counts as its end. */
const MARGIN = 1e-9;

export interface CosineDecayRestartsOptions {
  /** Value at step 0, >= 0. */
  initial: number;
  /** Steps of the first period, > 0. */
  firstDecaySteps: number;
  /** Length of each period relative to the one before, >= 1. Default 2. */
  tMul?: number;
  /** Start of each period relative to the one before, >= 0. Default 1. */
  mMul?: number;
  /** Last value of the first period as a part of initial, in [0, 1]. Default 0. */
  alpha?: number;
}

/**
 * initial * ((1 - alpha) * mMul^i * (1 + cos(pi * fraction)) / 2 + alpha), where fraction is how much of period i has
 * passed. Keras's CosineDecayRestarts; SGDR, Loshchilov & Hutter 2017.
 */
export function cosineDecayRestarts(options: CosineDecayRestartsOptions): NamedSchedule {
  const where = "cosineDecayRestarts";
  const config = readOptions(where, options, {
    initial: number({ min: 0 }),
    firstDecaySteps: number({ above: 0 }),
    tMul: number({ min: 1 }, 2),
    mMul: number({ min: 0 }, 1),
    alpha: number({ min: 0, max: 1 }, 0),
  });
  const { initial, firstDecaySteps, tMul, mMul, alpha } = config;
  return named(where, config, (t) => {
    const firsts = t / firstDecaySteps;
    // How many periods have ended, in closed form. Without the margin rounding misses restarts by a step.
    const ended = Math.floor((tMul === 1 ? firsts : log1p(firsts * (tMul - 1)) / log(tMul)) + MARGIN);
    const length = pow(tMul, ended);
    const start = tMul === 1 ? ended : (length - 1) / (tMul - 1);
    const fraction = Math.min(Math.max((firsts - start) / length, 0), 1);
    return initial * ((1 - alpha) * pow(mMul, ended) * halfCosine(fraction) + alpha);
  });
}
