import { boolean, integer, number, optional, readOptions } from "../options.js";
import type { Tensor } from "../tensor.js";
import type { Callback } from "./callback.js";
import { Monitor, MONITOR_OPTIONS, type MonitorOptions } from "./monitor.js";

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Less than this is no improvement. Default 0. */
  minDelta?: number;
  /** Epochs without improvement after which training stops. Default 0. */
  patience?: number;
  /** A value to beat as well before waiting starts anew. Default none. */
  baseline?: number;
  /** Put the weights of the best epoch back at the end, whatever ended training. Default false. */
  restoreBestWeights?: boolean;
  /** Epochs before this one neither count nor are kept. Default 0. */
  startFromEpoch?: number;
}

export interface EarlyStopping extends Callback {
  /** Best value seen. */
  readonly best: number | undefined;
  /** Epoch of the best value. */
  readonly bestEpoch: number | undefined;
  /** Epoch after which it stopped training; undefined if something else did. */
  readonly stoppedEpoch: number | undefined;
}

/**
 * Ends training when a log has not improved for `patience` epochs. As Keras: each epoch from startFromEpoch on adds one
 * to the wait, an improvement (by more than minDelta) that also beats the baseline clears it, and training stops when
 * it reaches patience, but never in the first epoch.
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): EarlyStopping {
  const where = "callbacks.earlyStopping";
  const given = readOptions(where, options, {
    ...MONITOR_OPTIONS,
    minDelta: number({}, 0),
    patience: integer(0, 0),
    baseline: optional(number()),
    restoreBestWeights: boolean(false),
    startFromEpoch: integer(0, 0),
  });
  const { patience, baseline, restoreBestWeights, startFromEpoch } = given;
  const monitor = new Monitor(where, given);
  const delta = Math.abs(given.minDelta);

  let wait = 0;
  let best: number | undefined;
  let bestEpoch: number | undefined;
  let stoppedEpoch: number | undefined;
  let bestWeights: ReadonlyMap<string, Tensor> | undefined;

  return {
    get best() {
      return best;
    },
    get bestEpoch() {
      return bestEpoch;
    },
    get stoppedEpoch() {
      return stoppedEpoch;
    },
    onTrainBegin(context) {
      wait = 0;
      best = bestEpoch = stoppedEpoch = bestWeights = undefined;
      monitor.begin(context);
    },
    onEpochEnd(epoch, logs, { model, stopTraining }) {
      const value = monitor.valueIn(logs);
      if (value === undefined || epoch < startFromEpoch) return;
      wait++;
      const improved = monitor.improves(value, best, delta);
      if (restoreBestWeights && (improved || bestWeights === undefined)) bestWeights = model.getWeights();
      if (improved) {
        best = value;
        bestEpoch = epoch;
        if (baseline === undefined || monitor.improves(value, baseline, delta)) wait = 0;
      } else if (wait >= patience && epoch > 0) {
        stoppedEpoch = epoch;
        stopTraining(`earlyStopping: ${monitor.name} has not improved for ${wait} epochs`);
      }
    },
    onTrainEnd(_logs, { model }) {
      if (bestWeights !== undefined) model.setWeights(bestWeights);
      bestWeights = undefined;
    },
  };
}
