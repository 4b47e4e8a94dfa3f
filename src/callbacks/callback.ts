import type { Tensor } from "../tensor.js";

/** Losses, metrics and the learning rate by name. */
export type Logs = Record<string, number>;

/** What callbacks see of a model. */
export interface CallbackModel {
  getWeights(): Map<string, Tensor>;
  setWeights(named: ReadonlyMap<string, Tensor>): unknown;
  readonly optimizer: {
    learningRate: number;
    readonly iterations: number;
    /** Sets a hyperparameter by hand; undefined returns to what the optimizer was made with. */
    override(name: string, value: number | undefined): void;
  };
  /** The model as a file. */
  save(options: { includeOptimizer: boolean }): Uint8Array;
}

/** What every hook is given. */
export interface CallbackContext {
  readonly model: CallbackModel;
  /** Ends training after the running step; the first reason is the history's stopReason. */
  stopTraining(reason?: string): void;
  /** Epoch that training stops before. */
  readonly epochs: number;
  /** Steps in an epoch, if known. */
  readonly steps?: number;
  readonly batchSize: number;
}

/** Hooks around training, all optional; fit waits for those that return a promise. */
export interface Callback {
  onTrainBegin?(context: CallbackContext): void | Promise<void>;
  onEpochBegin?(epoch: number, context: CallbackContext): void | Promise<void>;
  onBatchBegin?(batch: number, context: CallbackContext): void | Promise<void>;
  onBatchEnd?(batch: number, logs: Logs, context: CallbackContext): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs, context: CallbackContext): void | Promise<void>;
  onTrainEnd?(logs: Logs, context: CallbackContext): void | Promise<void>;
}
