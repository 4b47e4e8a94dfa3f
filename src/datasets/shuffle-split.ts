import { checkKeys, rangeError } from "../check.js";
import { checkSeed, permutation } from "../random.js";
import { commonLength, rowsOf, takeRows, type NumericArray, type Rows, type RowsLike } from "./rows.js";

/** What shuffleSplit() accepts. */
export interface ShuffleSplitOptions {
  /** Samples for the test part: a fraction in (0, 1), or a whole number. Default 0. */
  test?: number;
  /** Samples for the validation part, likewise. Default 0. */
  validation?: number;
  /** Samples for the training part; by default all that remain. */
  train?: number;
  /** Labels, one per sample: each part gets every label in its share of the whole, to within one sample. */
  stratify?: NumericArray;
  /** The order is a function of it. An integer from 0. Default 0. */
  seed?: number;
}

/** The parts, each with one entry per array that was given; parts of no samples have zero rows. */
export interface Split<T extends readonly RowsLike[]> {
  train: { -readonly [K in keyof T]: Rows };
  validation: { -readonly [K in keyof T]: Rows };
  test: { -readonly [K in keyof T]: Rows };
}

function countOf(name: string, size: number, total: number): number {
  const fraction = size > 0 && size < 1;
  if (!fraction && !(Number.isSafeInteger(size) && size >= 0)) {
    throw rangeError("shuffleSplit", `${name} must be a fraction in (0, 1) or a whole number of samples`, name, size);
  }
  return fraction ? Math.round(size * total) : size;
}

/**
 * All samples, shuffled, then dealt label by label: sample r of a label with c samples gets the rank (r + 1/2) / c, and
 * sorting by rank spreads every label evenly, so that any stretch of the order holds each in its share.
 */
function stratified(order: Uint32Array, labels: NumericArray): Uint32Array<ArrayBuffer> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const seen = new Map<number, number>();
  const ranked = Array.from(order, (sample, place) => {
    const label = labels[sample]!;
    const r = seen.get(label) ?? 0;
    seen.set(label, r + 1);
    return { sample, place, rank: (r + 0.5) / counts.get(label)! };
  });
  ranked.sort((a, b) => a.rank - b.rank || a.place - b.place);
  return Uint32Array.from(ranked, ({ sample }) => sample);
}

/**
 * Shuffles the samples of several arrays alike and splits them into training, validation and test parts, as copies:
 * `const { train: [x, y], test: [xTest, yTest] } = shuffleSplit([images, labels], { test: 0.2, seed: 42 })`.
 * The same seed gives the same split in every runtime.
 */
export function shuffleSplit<const T extends readonly RowsLike[]>(
  arrays: T,
  options: ShuffleSplitOptions = {},
): Split<T> {
  checkKeys("shuffleSplit", options, ["test", "validation", "train", "stratify", "seed"]);
  const seed = checkSeed("shuffleSplit", options.seed ?? 0);
  if (!Array.isArray(arrays)) throw new TypeError("shuffleSplit: arrays must be a list, such as [x, y].");
  const rows = arrays.map((array, i) => rowsOf("shuffleSplit", `arrays[${i}]`, array));
  const total = commonLength("shuffleSplit", rows);
  const test = countOf("test", options.test ?? 0, total);
  const validation = countOf("validation", options.validation ?? 0, total);
  const train = countOf("train", options.train ?? Math.max(total - test - validation, 0), total);
  if (train + validation + test > total) {
    const asked = [train, validation, test];
    throw rangeError("shuffleSplit", `the parts must have at most ${total} samples together`, "parts", asked);
  }

  const { stratify } = options;
  let order = permutation(total, seed);
  if (stratify !== undefined) {
    if (stratify.length !== total) {
      throw rangeError("shuffleSplit", `stratify must have ${total} labels, one per sample`, "stratify", stratify);
    }
    order = stratified(order, stratify);
  }
  const part = (from: number, count: number): { -readonly [K in keyof T]: Rows } =>
    rows.map((array) => takeRows(array, order.subarray(from, from + count))) as { -readonly [K in keyof T]: Rows };
  return { train: part(test + validation, train), validation: part(test, validation), test: part(0, test) };
}
