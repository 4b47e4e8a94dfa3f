/**
 * Validation of what users pass in. Every message has one form: `<Where>: <what is expected>. Received: <name>=<value>.`
 */

/** Linear memory cannot grow far enough. The operation was rolled back. */
export class MemoryError extends RangeError {
  override name = "MemoryError";
}

/** A file or byte buffer is not what its format requires. */
export class FormatError extends Error {
  override name = "FormatError";
}

/** A value as an error message shows it: short, and telling a string from a number. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === "function") return value.name ? `function ${value.name}` : "a function";
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name}(${(value as Uint8Array).length ?? value.byteLength})`;
  if (Array.isArray(value)) {
    const shown = value.slice(0, 8).map((item) => (Array.isArray(item) ? "[...]" : show(item)));
    return `[${shown.join(", ")}${value.length > 8 ? `, ... ${value.length} in all` : ""}]`;
  }
  if (typeof value === "object" && value !== null) return `{ ${Object.keys(value).slice(0, 6).join(", ")} }`;
  return Object.is(value, -0) ? "-0" : String(value);
}

function message(where: string, expected: string, name: string, value: unknown): string {
  return `${where}: ${expected}. Received: ${name}=${show(value)}.`;
}

/** A RangeError in the house form, to be thrown by the caller. */
export function rangeError(where: string, expected: string, name: string, value: unknown): RangeError {
  return new RangeError(message(where, expected, name, value));
}

/** A TypeError in the house form, to be thrown by the caller. */
export function typeError(where: string, expected: string, name: string, value: unknown): TypeError {
  return new TypeError(message(where, expected, name, value));
}

/** The bounds of a number. `min`, `max` are inclusive, `above`, `below` exclusive. */
export interface Bounds {
  min?: number;
  max?: number;
  above?: number;
  below?: number;
  integer?: boolean;
}

function describe(bounds: Bounds): string {
  const kind = bounds.integer ? "an integer" : "a finite number";
  const lower =
    bounds.min !== undefined ? `[${bounds.min}` : bounds.above !== undefined ? `(${bounds.above}` : undefined;
  const upper =
    bounds.max !== undefined ? `${bounds.max}]` : bounds.below !== undefined ? `${bounds.below})` : undefined;
  if (lower === undefined && upper === undefined) return kind;
  return `${kind} in ${lower ?? "(-Infinity"}, ${upper ?? "Infinity)"}`;
}

/** Returns value if it is a number within bounds, else throws, naming it. */
export function checkNumber(where: string, name: string, value: unknown, bounds: Bounds = {}): number {
  const expected = `${name} must be ${describe(bounds)}`;
  if (typeof value !== "number") throw typeError(where, expected, name, value);
  const { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity, integer = false } = bounds;
  const inside = Number.isFinite(value) && value >= min && value <= max && value > above && value < below;
  if (!inside || (integer && !Number.isSafeInteger(value))) throw rangeError(where, expected, name, value);
  return value;
}

/** Returns value if it is a boolean, else throws. */
export function checkBoolean(where: string, name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw typeError(where, `${name} must be true or false`, name, value);
  return value;
}

/** Returns value if it is one of choices, else throws with the list and the nearest. */
export function checkChoice<T extends string>(where: string, name: string, value: unknown, choices: readonly T[]): T {
  if (typeof value === "string" && (choices as readonly string[]).includes(value)) return value as T;
  const near = typeof value === "string" ? nearest(value, choices) : undefined;
  const hint = near === undefined ? "" : ` (did you mean ${JSON.stringify(near)}?)`;
  const expected = `${name} must be one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}${hint}`;
  throw typeof value === "string" ? rangeError(where, expected, name, value) : typeError(where, expected, name, value);
}

/** Throws unless options is a plain object with known keys only; names the nearest known key. */
export function checkKeys(where: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw typeError(where, "options must be an object", "options", options);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === undefined ? "" : ` Did you mean ${JSON.stringify(near)}?`;
    throw new TypeError(`${where}: unknown option ${JSON.stringify(key)}. Known: ${known.join(", ")}.${hint}`);
  }
}

/** Looks a name up in a family's table, or throws with the known names and the nearest. */
export function lookUp<T>(family: string, table: Readonly<Record<string, T>>, name: string): T {
  if (Object.hasOwn(table, name)) return table[name] as T;
  const known = Object.keys(table);
  const near = nearest(name, known);
  const hint = near === undefined ? "" : ` Did you mean ${JSON.stringify(near)}?`;
  throw new RangeError(`Unknown ${family} ${JSON.stringify(name)}. Known: ${[...known].sort().join(", ")}.${hint}`);
}

/** The known word within a third of its length in edits of the given one, if any. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return bestDistance <= Math.max(2, Math.floor(word.length / 3)) ? best : undefined;
}

/** Damerau-Levenshtein distance with adjacent swaps: the usual slips of a typist count one each. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(substitution, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
