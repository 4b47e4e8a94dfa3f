import { checkKeys, rangeError } from "../check.js";
import { checkSeed, permutation } from "../random.js";
import { tensor, type DataLike } from "../tensor.js";
import { samplesOf, takeSamples, type Samples } from "./samples.js";

/** What shuffleSplit() accepts. */
export interface ShuffleSplitOptions {
  /** Samples for the test part: a fraction in (0, 1), or a whole number. Default 0. */
  test?: number;
  /** Samples for the validation part, likewise. Default 0. */
  validation?: number;
  /** Samples for the training part; by default all that remain. */
  train?: number;
  /** Labels, one per sample: each part gets every label in its share of the whole, to within one sample. */
  stratify?: DataLike;
  /** The order is a function of it. An integer from 0. Default 0. */
  seed?: number;
}

/** The parts, each with one entry per array that was given; parts of no samples are empty. */
export interface Split<T extends readonly DataLike[]> {
  train: Samples<T>;
  validation: Samples<T>;
  test: Samples<T>;
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
function stratified(order: Uint32Array, labels: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const counts = new Map<number, number>();
  for (const sample of order) counts.set(labels[sample]!, (counts.get(labels[sample]!) ?? 0) + 1);
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
export function shuffleSplit<const T extends readonly DataLike[]>(
  arrays: T,
  options: ShuffleSplitOptions = {},
): Split<T> {
  checkKeys("shuffleSplit", options, ["test", "validation", "train", "stratify", "seed"]);
  const seed = checkSeed("shuffleSplit", options.seed ?? 0);
  const { tensors, total } = samplesOf("shuffleSplit", arrays);
  const test = countOf("test", options.test ?? 0, total);
  const validation = countOf("validation", options.validation ?? 0, total);
  const train = countOf("train", options.train ?? Math.max(total - test - validation, 0), total);
  if (train + validation + test > total) {
    const asked = [train, validation, test];
    throw rangeError("shuffleSplit", `the parts must have at most ${total} samples together`, "parts", asked);
  }

  let order = permutation(total, seed);
  if (options.stratify !== undefined) {
    const labels = tensor(options.stratify).data;
    if (labels.length !== total) {
      throw rangeError("shuffleSplit", `stratify must have ${total} labels, one per sample`, "stratify", labels);
    }
    order = stratified(order, labels);
  }
  const part = (from: number, count: number): Samples<T> =>
    tensors.map((array) => takeSamples(array, order.subarray(from, from + count))) as Samples<T>;
  return { train: part(test + validation, train), validation: part(test, validation), test: part(0, test) };
}
