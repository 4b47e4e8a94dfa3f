import { checkBoolean, checkKeys, checkNumber, typeError } from "../check.js";
import type { LayerOptions } from "../graph/layer.js";

/** Throws unless options has known keys only and a valid name and trainable. */
export function checkLayerOptions(where: string, options: LayerOptions, known: readonly string[]): void {
  checkKeys(where, options, [...known, "name", "trainable"]);
  const { name, trainable } = options;
  checkName(where, name);
  if (trainable !== undefined) checkBoolean(where, "trainable", trainable);
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

/** A positive integer, such as a number of units. */
export function checkCount(where: string, name: string, value: unknown): number {
  return checkNumber(where, name, value, { min: 1, integer: true });
}
