/** Options objects, read by a table that says of each option once what it may be and what it is by default. */
import { checkBoolean, checkChoice, checkKeys, checkNumber, typeError, type Bounds } from "./check.js";

/** How an option is read: returns the value, or the default where it is undefined, or throws, naming it. */
export type Option<T> = (where: string, name: string, value: unknown) => T;

/** What reading the options of a table gives. */
export type Values<Table> = { readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never };

/** A number within bounds; without a default it must be given. */
export function number(bounds?: Bounds, preset?: number): Option<number> {
  return (where, name, value = preset) => checkNumber(where, name, value, bounds);
}

/** An integer, at least min. */
export function integer(min: number, preset?: number): Option<number> {
  return number({ min, integer: true }, preset);
}

/** One number or several. */
export function numbers(bounds: Bounds, preset: number | readonly number[]): Option<readonly number[]> {
  return (where, name, value = preset) => [value].flat().map((each) => checkNumber(where, name, each, bounds));
}

/** A string, described by what a message shall say of it. */
export function string(description: string, preset: string): Option<string> {
  return (where, name, value = preset) => {
    if (typeof value !== "string") throw typeError(where, `${name} must be ${description}`, name, value);
    return value;
  };
}

export function boolean(preset?: boolean): Option<boolean> {
  return (where, name, value = preset) => checkBoolean(where, name, value);
}

export function choice<const T extends string>(choices: readonly T[], preset?: T): Option<T> {
  return (where, name, value = preset) => checkChoice(where, name, value, choices);
}

/** An option that may be left out and has no default. */
export function optional<T>(option: Option<T>): Option<T | undefined> {
  return (where, name, value) => (value === undefined ? undefined : option(where, name, value));
}

/** An option that is checked elsewhere. */
export function unchecked<T>(preset?: T): Option<T> {
  return (_where, _name, value = preset) => value as T;
}

/** A function of a user's, described by what a message shall say of it. */
export function callable<F>(description = "a function"): Option<F> {
  return (where, name, value) => {
    if (typeof value !== "function") throw typeError(where, `${name} must be ${description}`, name, value);
    return value as F;
  };
}

/** Options without any others, in the order of the table. */
export function readOptions<Table extends Readonly<Record<string, Option<unknown>>>>(
  where: string,
  given: object,
  table: Table,
): Values<Table> {
  checkKeys(where, given, Object.keys(table));
  return readValues(where, given, table);
}

/** The options that the table names. */
export function readValues<Table extends Readonly<Record<string, Option<unknown>>>>(
  where: string,
  given: object,
  table: Table,
): Values<Table> {
  const read = ([name, option]: [string, Option<unknown>]): [string, unknown] => [
    name,
    option(where, name, (given as Readonly<Record<string, unknown>>)[name]),
  ];
  return Object.fromEntries(Object.entries(table).map(read)) as Values<Table>;
}
