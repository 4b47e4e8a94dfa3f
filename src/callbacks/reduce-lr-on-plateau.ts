import { choice, integer, number, readOptions } from "../options.js";
import type { Callback } from "./callback.js";
import { Monitor, MONITOR_OPTIONS, type MonitorOptions } from "./monitor.js";

export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the rate is multiplied by, in (0, 1). Default 0.1. */
  factor?: number;
  /** Epochs without improvement that are borne. Default 10. */
  patience?: number;
  /** Less than this is no improvement: absolute, or with compat "torch" relative to the best. Default 1e-4. */
  minDelta?: number;
  /** Epochs after a reduction in which none counts. Default 0. */
  cooldown?: number;
  /** The rate goes no lower. Default 0. */
  minLearningRate?: number;
  /** Whose counting: see below. Default "keras". */
  compat?: "keras" | "torch";
}

/** With compat "torch", a change of the rate that is not worth making. */
const NEGLIGIBLE = 1e-8;

/**
 * Lowers the learning rate when a log has not improved. A schedule of the rate is replaced by the lowered number.
 *
 * Keras: reduces when wait >= patience, wait counting epochs without an improvement by more than minDelta; cooldown is
 * counted down first, and wait stays 0 during it. At minLearningRate nothing more happens.
 * PyTorch: reduces when wait > patience, one epoch later; improvement means value < best (1 - minDelta), or
 * value > best (1 + minDelta); a reduction by less than 1e-8 is left out.
 */
export function reduceLROnPlateau(options: ReduceLROnPlateauOptions = {}): Callback {
  const where = "callbacks.reduceLROnPlateau";
  const given = readOptions(where, options, {
    ...MONITOR_OPTIONS,
    factor: number({ above: 0, below: 1 }, 0.1),
    patience: integer(0, 10),
    minDelta: number({}, 1e-4),
    cooldown: integer(0, 0),
    minLearningRate: number({ min: 0 }, 0),
    compat: choice(["keras", "torch"], "keras"),
  });
  const { factor, patience, cooldown, minLearningRate, compat } = given;
  const monitor = new Monitor(where, given);
  const delta = Math.abs(given.minDelta);

  let wait = 0;
  let cooling = 0;
  let best: number | undefined;

  return {
    onTrainBegin(context) {
      wait = cooling = 0;
      best = undefined;
      monitor.begin(context);
    },
    onEpochEnd(_epoch, logs, { model: { optimizer } }) {
      const value = monitor.valueIn(logs);
      if (value === undefined) return;
      const rate = optimizer.learningRate;
      const lowered = Math.max(rate * factor, minLearningRate);

      if (compat === "torch") {
        const margin = best === undefined ? 0 : best * delta * (monitor.rises ? 1 : -1);
        if (monitor.improves(value, best === undefined ? undefined : best + margin)) {
          best = value;
          wait = 0;
        } else {
          wait++;
        }
        if (cooling > 0) {
          cooling--;
          wait = 0;
        }
        if (wait > patience) {
          if (rate - lowered > NEGLIGIBLE) optimizer.learningRate = lowered;
          cooling = cooldown;
          wait = 0;
        }
        return;
      }

      if (cooling > 0) {
        cooling--;
        wait = 0;
      }
      if (monitor.improves(value, best, delta)) {
        best = value;
        wait = 0;
      } else if (cooling === 0) {
        wait++;
        if (wait >= patience && rate > minLearningRate) {
          optimizer.learningRate = lowered;
          cooling = cooldown;
          wait = 0;
        }
      }
    },
  };
}
