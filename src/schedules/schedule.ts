import { checkNumber, type Bounds } from "../check.js";

/** A hyperparameter as a function of the 0-based training step of the model. A user's own function is one too. */
export type Schedule = (step: number) => number;

/** What a model file keeps of a schedule: the name of its factory in `schedules` and the options it was given. */
export interface ScheduleConfig {
  readonly schedule: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Which of a pair of schedules it is: 1cycle has one for the learning rate and one for the momentum. */
  readonly part?: string;
}

/** A schedule made by a factory of `schedules`: it knows how it was made. */
export interface NamedSchedule extends Schedule {
  readonly config: ScheduleConfig;
}

/** Attaches to a schedule how it was made. */
export function named(config: ScheduleConfig, at: Schedule): NamedSchedule {
  return Object.assign(at, { config: Object.freeze(config) });
}

/** The value of a schedule or of a plain number at a step; throws, naming the step, if it is out of bounds. */
export function valueAt(where: string, name: string, value: number | Schedule, step: number, bounds: Bounds): number {
  return typeof value === "number" ? value : checkNumber(`${where} (step ${step})`, name, value(step), bounds);
}
