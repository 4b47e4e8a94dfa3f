import { checkBoolean, checkKeys, typeError } from "../check.js";
import type { LayerOptions } from "../graph/layer.js";
import { readValues, type Option, type Values } from "../options.js";

/** Throws unless options has known keys only and a valid name and trainable. */
export function checkLayerOptions(where: string, options: LayerOptions, known: readonly string[]): void {
  checkKeys(where, options, [...known, "name", "trainable"]);
  const { name, trainable } = options;
  checkName(where, name);
  if (trainable !== undefined) checkBoolean(where, "trainable", trainable);
}

/** Checks the options that every layer has, and fills in those of the table. */
export function readLayerOptions<Given extends LayerOptions, Table extends Readonly<Record<string, Option<unknown>>>>(
  where: string,
  given: Given,
  table: Table,
): Given & Values<Table> {
  checkLayerOptions(where, given, Object.keys(table));
  return { ...given, ...readValues(where, given, table) };
}

/** Throws unless a name is a part of a path, or undefined. */
export function checkName(where: string, name: unknown): void {
  if (name !== undefined && (typeof name !== "string" || name === "" || name.includes("/"))) {
    throw typeError(where, "name must be a string without slashes", "name", name);
  }
}

/** The options object, also where a factory was given its one essential option alone. */
export function withEssential<Key extends string, Options>(key: Key, value: unknown): Options {
  const isOptions = typeof value === "object" && value !== null && !Array.isArray(value) && !("forward" in value);
  return (isOptions ? value : { [key]: value }) as Options;
}
