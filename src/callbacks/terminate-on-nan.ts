import { checkKeys } from "../check.js";
import type { Callback } from "./callback.js";

/** Ends training after a batch whose loss is NaN or infinite; stopReason names the epoch and the batch. */
export function terminateOnNaN(options: Readonly<Record<string, never>> = {}): Callback {
  checkKeys("callbacks.terminateOnNaN", options, []);
  let current = 0;
  return {
    onEpochBegin(epoch) {
      current = epoch;
    },
    onBatchEnd(batch, { loss }, { stopTraining }) {
      if (loss === undefined || Number.isFinite(loss)) return;
      stopTraining(`terminateOnNaN: loss is ${loss} at epoch ${current}, batch ${batch}`);
    },
  };
}
