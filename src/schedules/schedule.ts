import { checkNumber, type Bounds } from "../check.js";

/** A hyperparameter as a function of the 0-based training step of the model. A user's own function is one too. */
export type Schedule = (step: number) => number;

/** How a schedule was made: the name of its factory in `schedules` and its options, all of them. */
export interface ScheduleConfig {
  readonly schedule: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Which of a pair it is: 1cycle has one schedule for the learning rate and one for the momentum. */
  readonly part?: string;
}

/** A schedule made by a factory of `schedules`: it knows how it was made, so that a model file can keep it. */
export interface NamedSchedule extends Schedule {
  readonly config: ScheduleConfig;
}

/** Attaches to a schedule how it was made. */
export function named(
  schedule: string,
  options: Readonly<Record<string, unknown>>,
  at: Schedule,
  part?: string,
): NamedSchedule {
  const config = Object.freeze({ schedule, options: Object.freeze(options), ...(part === undefined ? {} : { part }) });
  return Object.defineProperty(at, "config", { value: config, enumerable: true }) as NamedSchedule;
}

/** The value of a schedule or of a plain number at a step; throws, naming the step, if it is out of bounds. */
export function valueAt(where: string, name: string, value: number | Schedule, step: number, bounds: Bounds): number {
  return typeof value === "number" ? value : checkNumber(`${where} (step ${step})`, name, value(step), bounds);
}

/** (1 + cos(pi * fraction)) / 2, fraction in [0, 1]: from 1 to 0 along half a cosine. Within 2^-52. */
export function halfCosine(fraction: number): number {
  if (fraction > 0.5) return 1 - halfCosine(1 - fraction);
  const x = Math.PI * fraction;
  let cos = 1; // by its series, whose first term left out is below 1e-19
  for (let n = 22; n > 0; n -= 2) cos = 1 - ((x * x) / (n * (n - 1))) * cos;
  return (1 + cos) / 2;
}
