/**
 * The counter-based generator behind every random choice that TypeScript makes: Threefry2x32 with 20 rounds (Salmon et
 * al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). A function of key and counter, without state, in integer
 * arithmetic alone: the same numbers in every engine.
 */
import { checkNumber, rangeError } from "./check.js";

const PARITY = 0x1bd11bda;
/** Values of a 32-bit word. */
const WORDS = 0x100000000;

/** Encrypts the counter (c0, c1) under the key (k0, k1), all 32-bit words; writes two u32 at `out[at]`. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, out: Uint32Array, at = 0): void {
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  // Key words of the next injections, in turn. Written out: a shuffle runs this once for every two of its elements.
  let p = k1;
  let q = PARITY ^ k0 ^ k1;
  let r = k0;
  for (let group = 1; group <= 5; group++) {
    if (group & 1) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
    } else {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
    }
    x0 = (x0 + p) | 0;
    x1 = (x1 + q + group) | 0;
    const used = p;
    p = q;
    q = r;
    r = used;
  }
  out[at] = x0;
  out[at + 1] = x1;
}

/** What users give: an integer from 0 to 2^53 - 1, or a bigint from 0 to 2^64 - 1. 0 is a seed like any other. */
export type Seed = number | bigint;

/** Two words that name a stream of random numbers. */
export type Key = readonly [number, number];

/** Set in the second counter word of all derivations: the fills of kernels and the shuffles leave it clear. */
const DERIVATION = 0x80000000;

/** The key of a seed: its hash, so that neighbouring seeds have nothing in common. Throws for what is no seed. */
export function keyOf(seed: Seed, where = "model"): Key {
  if (typeof seed !== "bigint") return deriveKey([0, 0], checkSeed(where, seed));
  if (seed < 0n || seed >= 1n << 64n) throw rangeError(where, "seed must be in [0, 2^64 - 1]", "seed", seed);
  return encrypt([0, 0], Number(seed & 0xffffffffn), Number(seed >> 32n) ^ DERIVATION);
}

/** The key of a stream within a stream: of a purpose, a layer, a step, … each an integer from 0 to 2^53 - 1. */
export function deriveKey(key: Key, ...path: number[]): Key {
  for (const part of path) key = encrypt(key, part % WORDS, Math.floor(part / WORDS) ^ DERIVATION);
  return key;
}

const block = new Uint32Array(2);

function encrypt([k0, k1]: Key, c0: number, c1: number): Key {
  threefry2x32(k0, k1, c0, c1, block);
  return [block[0]!, block[1]!];
}

/** A seed for those who gave none: the one number here that is not reproducible. */
export function drawSeed(): number {
  // eslint-disable-next-line no-restricted-properties -- nothing else may call Math.random
  return Math.floor(Math.random() * WORDS);
}

/** Returns seed if it is an integer from 0 to 2^53 - 1, else throws. 0 is a seed like any other. */
export function checkSeed(where: string, seed: unknown): number {
  return checkNumber(where, "seed", seed, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
}

/**
 * The numbers 0 to n - 1 in an order that is a function of seed and stream (which shuffle of that seed it is). Every
 * order is equally likely.
 */
export function permutation(n: number, seed: number, stream = 0): Uint32Array<ArrayBuffer> {
  return shuffledIndices(n, [seed % WORDS, Math.floor(seed / WORDS)], stream);
}

/** The numbers 0 to n - 1 in the order of one epoch: Fisher and Yates, with integers drawn by rejection, so that none is favoured. */
export function shuffledIndices(n: number, [k0, k1]: Key, epoch: number): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const pair = new Uint32Array(2);
  let drawn = 0;
  const word = (): number => {
    if (drawn % 2 === 0) threefry2x32(k0, k1, drawn / 2, epoch, pair);
    return pair[drawn++ % 2]!;
  };
  for (let last = n - 1; last > 0; last--) {
    const mask = 0xffffffff >>> Math.clz32(last);
    let chosen = (word() & mask) >>> 0;
    while (chosen > last) chosen = (word() & mask) >>> 0;
    const kept = order[last]!;
    order[last] = order[chosen]!;
    order[chosen] = kept;
  }
  return order;
}
