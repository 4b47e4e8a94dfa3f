import { boolean, integer, readOptions } from "../options.js";
import { checkSeed, permutation } from "../random.js";
import type { DataLike } from "../tensor.js";
import { samplesOf, takeSamples, type Samples } from "./samples.js";

/** What batches() accepts. */
export interface BatchesOptions {
  /** Samples per batch. Default 32. */
  batchSize?: number;
  /** Whether every pass takes a new order. Default true. */
  shuffle?: boolean;
  /** The orders are a function of it and of the number of passes begun before. An integer from 0. Default 0. */
  seed?: number;
  /** Whether to leave out a last batch that is smaller. Default false. */
  dropRemainder?: boolean;
}

/** Batches that can be iterated over again: each pass is an epoch. */
export interface Batches<T extends readonly DataLike[]> extends Iterable<Samples<T>> {
  /** Batches in one pass. */
  readonly length: number;
}

/**
 * Samples of several arrays in batches, as copies: `for (const [x, y] of batches([images, labels], { batchSize: 64 }))`.
 * Only the batch in hand is copied, so a pass needs no memory beside the data.
 */
export function batches<const T extends readonly DataLike[]>(arrays: T, options: BatchesOptions = {}): Batches<T> {
  const { batchSize, shuffle, seed, dropRemainder } = readOptions("batches", options, {
    batchSize: integer(1, 32),
    shuffle: boolean(true),
    seed: (where, _name, value = 0) => checkSeed(where, value),
    dropRemainder: boolean(false),
  });
  const { tensors, total } = samplesOf("batches", arrays);
  const length = dropRemainder ? Math.floor(total / batchSize) : Math.ceil(total / batchSize);

  let passes = 0;
  return {
    length,
    *[Symbol.iterator]() {
      const order = shuffle ? permutation(total, seed, passes++) : Uint32Array.from({ length: total }, (_, i) => i);
      for (let batch = 0; batch < length; batch++) {
        const chosen = order.subarray(batch * batchSize, (batch + 1) * batchSize);
        yield tensors.map((array) => takeSamples(array, chosen)) as Samples<T>;
      }
    },
  };
}
