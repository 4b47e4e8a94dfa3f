import { checkKeys, checkNumber, rangeError, typeError } from "../check.js";
import { named, type NamedSchedule } from "./schedule.js";

export interface PiecewiseConstantOptions {
  /** Last step of each value but the last one, rising. */
  boundaries: readonly number[];
  /** One value more than boundaries. */
  values: readonly number[];
}

/** values[i] while t <= boundaries[i], then the last value: a boundary belongs to what is before it. Keras's. */
export function piecewiseConstant(options: PiecewiseConstantOptions): NamedSchedule {
  const where = "piecewiseConstant";
  checkKeys(where, options, ["boundaries", "values"]);
  const boundaries = numbers(where, "boundaries", options.boundaries);
  const values = numbers(where, "values", options.values);
  for (let i = 1; i < boundaries.length; i++) {
    if (boundaries[i]! > boundaries[i - 1]!) continue;
    throw rangeError(where, "boundaries must rise", `boundaries[${i}]`, boundaries[i]);
  }
  if (values.length !== boundaries.length + 1) {
    const expected = `values must have one element more than boundaries, ${boundaries.length + 1}`;
    throw rangeError(where, expected, "values.length", values.length);
  }
  return named(where, { boundaries, values }, (t) => {
    const index = boundaries.findIndex((boundary) => t <= boundary);
    return values.at(index)!; // -1, past all boundaries, is the last value
  });
}

function numbers(where: string, name: string, given: unknown): readonly number[] {
  if (!Array.isArray(given)) throw typeError(where, `${name} must be an array of numbers`, name, given);
  return given.map((value, i) => checkNumber(where, `${name}[${i}]`, value, { min: 0 }));
}
