/** What fit tells while it trains, and what a callback may do about it. */
import { nearest, typeError } from "../check.js";
import type { Tensor } from "../tensor.js";

/** Values by name: `loss`, `accuracy`, `val_loss`, `learningRate`, `<output>_loss`, ... */
export type Logs = Record<string, number>;

/** What callbacks see of a model. */
export interface CallbackModel {
  getWeights(): Map<string, Tensor>;
  setWeights(named: ReadonlyMap<string, Tensor>): unknown;
  readonly optimizer: {
    /** Setting it replaces a schedule. */
    learningRate: number;
    /** Steps done. */
    readonly iterations: number;
    /** Sets a hyperparameter by hand; undefined returns to what the optimizer was made with. */
    override(name: string, value: number | undefined): void;
  };
  /** Whether more is better of what is logged under this name (without `val_`); undefined if the model cannot tell. */
  metricDirection(name: string): "up" | "down" | undefined;
  /** The model as a file. */
  save(options: { includeOptimizer: boolean }): Uint8Array;
}

/** What every hook is given. */
export interface CallbackContext {
  readonly model: CallbackModel;
  /** Ends training after this hook: the running epoch is not finished. The first reason becomes history.stopReason. */
  stopTraining(reason?: string): void;
  /** Epoch to stop before. */
  readonly epochs: number;
  /** Steps per epoch, if known. */
  readonly steps?: number | undefined;
  readonly batchSize: number;
  /** Whether there is validation data; undefined if unknown. */
  readonly validates?: boolean | undefined;
}

/**
 * An object with any of these hooks. fit calls them in the order of its callbacks and awaits each. Epochs and batches
 * count from 0. Of an epoch that is cut short onEpochEnd is not called; onTrainEnd always is.
 */
export interface Callback {
  onTrainBegin?(context: CallbackContext): void | Promise<void>;
  onEpochBegin?(epoch: number, context: CallbackContext): void | Promise<void>;
  onBatchBegin?(batch: number, context: CallbackContext): void | Promise<void>;
  /** logs: means over the epoch so far. */
  onBatchEnd?(batch: number, logs: Logs, context: CallbackContext): void | Promise<void>;
  /** logs: means over the epoch, the validation's, and the learning rate. */
  onEpochEnd?(epoch: number, logs: Logs, context: CallbackContext): void | Promise<void>;
  /** logs: those of the last epoch that ended. */
  onTrainEnd?(logs: Logs, context: CallbackContext): void | Promise<void>;
}

const HOOKS = ["onTrainBegin", "onEpochBegin", "onBatchBegin", "onBatchEnd", "onEpochEnd", "onTrainEnd"];

/** Throws unless every callback is an object whose on... properties are hooks: a misspelt one would never run. */
export function checkCallbacks(where: string, callbacks: unknown): asserts callbacks is readonly Callback[] {
  if (!Array.isArray(callbacks)) throw typeError(where, "callbacks must be an array", "callbacks", callbacks);
  callbacks.forEach((callback: unknown, i) => {
    const name = `callbacks[${i}]`;
    if (typeof callback === "function") {
      throw typeError(where, `${name} must be an object with hooks; a factory must be called`, name, callback);
    }
    if (typeof callback !== "object" || callback === null) {
      throw typeError(where, `${name} must be an object with hooks`, name, callback);
    }
    for (const key in callback) {
      if (!/^on[A-Z]/.test(key)) continue;
      if (!HOOKS.includes(key)) {
        const near = nearest(key, HOOKS);
        const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
        throw typeError(where, `hooks are ${HOOKS.join(", ")}${hint}`, name, callback);
      }
      const hook = (callback as Record<string, unknown>)[key];
      if (hook !== undefined && typeof hook !== "function") {
        throw typeError(where, `${name}.${key} must be a function`, key, hook);
      }
    }
  });
}
