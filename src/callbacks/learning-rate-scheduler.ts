import { checkNumber } from "../check.js";
import { callable, choice, readOptions } from "../options.js";
import type { Callback, CallbackContext } from "./callback.js";

/** The rate from the number of the epoch (or step) and the rate so far. A schedule is such a function too. */
export type RateFunction = (index: number, learningRate: number) => number;

export interface LearningRateSchedulerOptions {
  schedule: RateFunction;
  /** Asked before each epoch, with its number, or before each batch, with the number of steps done. Default "epoch". */
  per?: "epoch" | "batch";
}

/**
 * Sets the learning rate before each epoch to schedule(epoch, rate so far), as Keras, or with per "batch" before each
 * step to schedule(steps done, rate so far).
 */
export function learningRateScheduler(options: LearningRateSchedulerOptions | RateFunction): Callback {
  const where = "callbacks.learningRateScheduler";
  const given = typeof options === "function" ? { schedule: options } : options;
  const { schedule, per } = readOptions(where, given, {
    schedule: callable<RateFunction>("a function (epoch, learningRate) => learningRate"),
    per: choice(["epoch", "batch"], "epoch"),
  });
  const set = (kind: string, index: number, { model: { optimizer } }: CallbackContext): void => {
    const rate: unknown = schedule(index, optimizer.learningRate);
    optimizer.learningRate = checkNumber(`${where} (${kind} ${index})`, "learningRate", rate, { min: 0 });
  };
  if (per === "epoch") return { onEpochBegin: (epoch, context) => set("epoch", epoch, context) };
  return { onBatchBegin: (_batch, context) => set("step", context.model.optimizer.iterations, context) };
}
