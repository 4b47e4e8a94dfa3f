/** The callbacks by name. */
import { csvLogger } from "./csv-logger.js";
import { earlyStopping } from "./early-stopping.js";
import { learningRateScheduler } from "./learning-rate-scheduler.js";
import { modelCheckpoint } from "./model-checkpoint.js";
import { progress } from "./progress.js";
import { reduceLROnPlateau } from "./reduce-lr-on-plateau.js";
import { terminateOnNaN } from "./terminate-on-nan.js";

export const callbacks = {
  earlyStopping,
  reduceLROnPlateau,
  learningRateScheduler,
  modelCheckpoint,
  terminateOnNaN,
  csvLogger,
  progress,
} as const;

export { progress };
export { checkCallbacks } from "./callback.js";
export type { Callback, CallbackContext, CallbackModel, Logs } from "./callback.js";
export type { EarlyStopping } from "./early-stopping.js";
export type { CsvLogger } from "./csv-logger.js";
export type { CheckpointInfo } from "./model-checkpoint.js";
