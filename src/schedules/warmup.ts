import { checkKeys, checkNumber, typeError } from "../check.js";
import { named, type NamedSchedule, type Schedule } from "./schedule.js";

export interface WarmupOptions {
  /** What follows: a schedule, which starts at its step 0 when the warm-up ends, or a constant >= 0. */
  schedule: Schedule | number;
  /** Steps of the warm-up, an integer >= 0. */
  steps: number;
  /** First value as a part of the schedule's first, in [0, 1]. Default 1/3. */
  startFactor?: number;
}

/**
 * A linear warm-up before any schedule: schedule(0) * (startFactor + (1 - startFactor) * t / steps) while t < steps,
 * then schedule(t - steps). PyTorch's LinearLR, followed by the schedule through SequentialLR.
 */
export function warmup(options: WarmupOptions): NamedSchedule {
  const where = "warmup";
  checkKeys(where, options, ["schedule", "steps", "startFactor"]);
  const { schedule } = options;
  if (typeof schedule !== "function" && typeof schedule !== "number") {
    throw typeError(where, "schedule must be a schedule or a number", "schedule", schedule);
  }
  if (typeof schedule === "number") checkNumber(where, "schedule", schedule, { min: 0 });
  const after: Schedule = typeof schedule === "number" ? () => schedule : schedule;
  const steps = checkNumber(where, "steps", options.steps, { min: 0, integer: true });
  const startFactor = checkNumber(where, "startFactor", options.startFactor ?? 1 / 3, { min: 0, max: 1 });
  return named(where, { schedule, steps, startFactor }, (t) =>
    t < steps ? after(0) * (startFactor + (1 - startFactor) * (t / steps)) : after(t - steps),
  );
}
