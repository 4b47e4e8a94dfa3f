import { checkNumber, typeError } from "../check.js";
import { integer, number, readOptions } from "../options.js";
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
  const config = readOptions(where, options, {
    schedule: scheduleOrNumber,
    steps: integer(0),
    startFactor: number({ min: 0, max: 1 }, 1 / 3),
  });
  const { schedule, steps, startFactor } = config;
  const after: Schedule = typeof schedule === "number" ? () => schedule : schedule;
  return named(where, config, (t) =>
    t < steps ? after(0) * (startFactor + (1 - startFactor) * (t / steps)) : after(t - steps),
  );
}

function scheduleOrNumber(where: string, name: string, value: unknown): Schedule | number {
  if (typeof value === "function") return value as Schedule;
  if (typeof value === "number") return checkNumber(where, name, value, { min: 0 });
  throw typeError(where, "schedule must be a schedule or a number", name, value);
}
