import { checkNumber, typeError } from "../check.js";
import { boolean, callable, number, optional, readOptions } from "../options.js";
import type { Callback, CallbackContext, Logs } from "./callback.js";
import { Monitor, MONITOR_OPTIONS, type MonitorOptions } from "./monitor.js";

/** When a checkpoint was made. */
export interface CheckpointInfo {
  readonly epoch: number;
  /** The batch of the epoch, if it was made within one. */
  readonly batch?: number | undefined;
  readonly logs: Readonly<Logs>;
}

export interface ModelCheckpointOptions extends MonitorOptions {
  /** Puts the bytes of a model file somewhere; training goes on when its promise is kept. */
  write(bytes: Uint8Array, info: CheckpointInfo): void | Promise<void>;
  /** Only when the monitored log is the best so far. Default false. */
  saveBestOnly?: boolean;
  /** At the end of every epoch, or after every so many batches. Default "epoch". */
  saveFrequency?: "epoch" | number;
  /** A value to beat before anything is saved. Default none. */
  initialValueThreshold?: number;
  /** With the optimizer's state, so that training goes on as if it had not stopped. Default true. */
  includeOptimizer?: boolean;
}

/** Hands the model, as a file's bytes, to `write`: after each epoch, after every so many batches, or when it is best. */
export function modelCheckpoint(options: ModelCheckpointOptions): Callback {
  const where = "callbacks.modelCheckpoint";
  const given = readOptions(where, options, {
    write: callable<ModelCheckpointOptions["write"]>("a function (bytes, info)"),
    ...MONITOR_OPTIONS,
    saveBestOnly: boolean(false),
    saveFrequency: frequency,
    initialValueThreshold: optional(number()),
    includeOptimizer: boolean(true),
  });
  const { write, saveBestOnly, saveFrequency, includeOptimizer } = given;
  const monitor = new Monitor(where, given);

  let best = given.initialValueThreshold;
  let current = 0;
  let batches = 0;

  const save = async (info: CheckpointInfo, { model }: CallbackContext): Promise<void> => {
    if (saveBestOnly) {
      const value = monitor.valueIn(info.logs);
      if (value === undefined || !monitor.improves(value, best)) return;
      best = value;
    }
    await write(model.save({ includeOptimizer }), info);
  };

  const begin: Callback = {
    onTrainBegin(context) {
      if (saveBestOnly) monitor.begin(context);
    },
  };
  if (saveFrequency === "epoch") {
    return { ...begin, onEpochEnd: (epoch, logs, context) => save({ epoch, logs: { ...logs } }, context) };
  }
  return {
    ...begin,
    onEpochBegin(epoch) {
      current = epoch;
    },
    async onBatchEnd(batch, logs, context) {
      batches++;
      if (batches < saveFrequency) return;
      batches = 0;
      await save({ epoch: current, batch, logs: { ...logs } }, context);
    },
  };
}

function frequency(where: string, name: string, value: unknown = "epoch"): "epoch" | number {
  if (value === "epoch") return value;
  if (typeof value === "number") return checkNumber(where, name, value, { min: 1, integer: true });
  throw typeError(where, 'saveFrequency must be "epoch" or a number of batches', name, value);
}
