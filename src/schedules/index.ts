import { checkKeys, lookUp, rangeError, typeError } from "../check.js";
import { cosineDecay } from "./cosine-decay.js";
import { cosineDecayRestarts } from "./cosine-decay-restarts.js";
import { exponentialDecay } from "./exponential-decay.js";
import { inverseTimeDecay } from "./inverse-time-decay.js";
import { oneCycle, oneCycleBook } from "./one-cycle.js";
import { piecewiseConstant } from "./piecewise-constant.js";
import { polynomialDecay } from "./polynomial-decay.js";
import { power } from "./power.js";
import type { NamedSchedule, Schedule, ScheduleConfig } from "./schedule.js";
import { stepDecay } from "./step-decay.js";
import { warmup } from "./warmup.js";

/** Every schedule, by name. */
export const schedules = {
  exponentialDecay,
  inverseTimeDecay,
  power,
  polynomialDecay,
  piecewiseConstant,
  stepDecay,
  cosineDecay,
  cosineDecayRestarts,
  warmup,
  oneCycle,
  oneCycleBook,
} as const;

/** A user's own schedules, by the name of their function: what a file cannot hold. */
export type OwnSchedules = Readonly<Record<string, Schedule>>;

/** Name under which a config refers to a user's own function. */
const OWN = "own";

/** A schedule as plain data. A user's own function is kept by its name. */
export function scheduleConfig(where: string, schedule: Schedule): ScheduleConfig {
  const { config } = schedule as Partial<NamedSchedule>;
  if (config === undefined) {
    if (schedule.name !== "") return { schedule: OWN, options: { name: schedule.name } };
    throw typeError(where, "a schedule of one's own must be a named function to be saved", "schedule", schedule);
  }
  const entries = Object.entries(config.options).map(([name, value]) => [
    name,
    typeof value === "function" ? scheduleConfig(where, value as Schedule) : value,
  ]);
  return { ...config, options: Object.fromEntries(entries) };
}

/** The schedule that a config describes. depth: of the config within others, at most 8. */
export function scheduleFromConfig(where: string, config: unknown, own: OwnSchedules = {}, depth = 0): Schedule {
  if (depth > 8) throw rangeError(where, "schedules can be nested 8 deep", "depth", depth);
  checkKeys(where, config, ["schedule", "options", "part"]);
  const { schedule, options, part } = config as { schedule: string; options: Record<string, unknown>; part?: string };
  checkKeys(where, options, Object.keys(options ?? {}));
  if (schedule === OWN) return lookUp("schedule of your own", own, String(options["name"]));
  const factory = lookUp("schedule", schedules, String(schedule)) as (options: unknown) => unknown;
  const entries = Object.entries(options).map(([name, value]) => [
    name,
    isConfig(value) ? scheduleFromConfig(where, value, own, depth + 1) : value,
  ]);
  const made = factory(Object.fromEntries(entries));
  if (typeof made === "function") return made as Schedule;
  return lookUp(`part of ${schedule}`, made as Record<string, Schedule>, String(part));
}

/** Whether a value of an options record is itself the config of a schedule. */
export function isConfig(value: unknown): value is ScheduleConfig {
  return typeof value === "object" && value !== null && "schedule" in value && "options" in value;
}
