/** As much of a model and of fit as callbacks touch. The model's weights are one number. */
import type { Callback, CallbackContext, CallbackModel, Logs } from "../../src/callbacks/index.js";
import { tensor, type Tensor } from "../../src/tensor.js";

export class ScriptedModel implements CallbackModel {
  weights = -1;
  readonly optimizer = {
    learningRate: 0.5,
    iterations: 0,
    override: (): void => {},
  };
  readonly saves: { weights: number; includeOptimizer: boolean }[] = [];

  constructor(readonly directions: Record<string, "up" | "down"> = {}) {}

  getWeights(): Map<string, Tensor> {
    return new Map([["weights", tensor(Float32Array.of(this.weights))]]);
  }

  setWeights(named: ReadonlyMap<string, Tensor>): void {
    this.weights = named.get("weights")!.data[0]!;
  }

  metricDirection(name: string): "up" | "down" | undefined {
    return this.directions[name];
  }

  save({ includeOptimizer }: { includeOptimizer: boolean }): Uint8Array {
    this.saves.push({ weights: this.weights, includeOptimizer });
    return Uint8Array.of(this.weights);
  }
}

export interface ScriptedRun {
  readonly model: ScriptedModel;
  /** Epochs that ran. */
  readonly epochs: number;
  /** Learning rate after each of them. */
  readonly rates: number[];
  readonly stopReason: string | undefined;
}

/** Runs callbacks over scripted logs, one record per epoch; batches repeat the epoch's `batch` records, if any. */
export async function runScript(
  callbacks: readonly Callback[],
  script: readonly Logs[],
  {
    model = new ScriptedModel(),
    batches = [],
    context: extra = {},
  }: { model?: ScriptedModel; batches?: readonly Logs[][]; context?: Partial<CallbackContext> } = {},
): Promise<ScriptedRun> {
  let stopReason: string | undefined;
  const context: CallbackContext = {
    model,
    epochs: script.length,
    batchSize: 32,
    stopTraining: (reason = "stopped") => {
      stopReason ??= reason;
    },
    ...extra,
  };
  const rates: number[] = [];
  let logs: Logs = {};
  for (const callback of callbacks) await callback.onTrainBegin?.(context);
  try {
    run: for (let epoch = 0; epoch < script.length && stopReason === undefined; epoch++) {
      for (const callback of callbacks) await callback.onEpochBegin?.(epoch, context);
      for (const [batch, batchLogs] of (batches[epoch] ?? []).entries()) {
        for (const callback of callbacks) await callback.onBatchBegin?.(batch, context);
        model.optimizer.iterations++;
        for (const callback of callbacks) await callback.onBatchEnd?.(batch, batchLogs, context);
        if (stopReason !== undefined) break run;
      }
      model.weights = epoch;
      logs = script[epoch]!;
      for (const callback of callbacks) await callback.onEpochEnd?.(epoch, logs, context);
      rates.push(model.optimizer.learningRate);
    }
  } finally {
    for (const callback of callbacks) await callback.onTrainEnd?.(logs, context);
  }
  return { model, epochs: rates.length, rates, stopReason };
}
