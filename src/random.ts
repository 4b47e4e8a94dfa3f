/**
 * The counter-based generator behind every random choice that TypeScript makes: Threefry2x32 with 20 rounds (Salmon et
 * al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). A function of key and counter, without state, in integer
 * arithmetic alone: the same numbers in every engine.
 */
import { checkNumber } from "./check.js";

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];
const ROUNDS = 20;
const PARITY = 0x1bd11bda;
/** Values of a 32-bit word. */
const WORDS = 0x100000000;

const rotateLeft = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** Encrypts the counter (c0, c1) under the key (k0, k1), all 32-bit words; writes two u32 at `out[at]`. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, out: Uint32Array, at = 0): void {
  const key = [k0, k1, PARITY ^ k0 ^ k1];
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let round = 0; round < ROUNDS; round++) {
    x0 = (x0 + x1) | 0;
    x1 = rotateLeft(x1, ROTATIONS[round % 8]!) ^ x0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = (x0 + key[injection % 3]!) | 0;
      x1 = (x1 + key[(injection + 1) % 3]! + injection) | 0;
    }
  }
  out[at] = x0;
  out[at + 1] = x1;
}

/** Returns seed if it is an integer from 0 to 2^53 - 1, else throws. 0 is a seed like any other. */
export function checkSeed(where: string, seed: unknown): number {
  return checkNumber(where, "seed", seed, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
}

/**
 * The numbers 0 to n - 1 in an order that is a function of seed and stream (which shuffle of that seed it is). Every
 * order is equally likely: Fisher and Yates, with integers drawn by rejection, so that none is favoured.
 */
export function permutation(n: number, seed: number, stream = 0): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  const [low, high] = [seed % WORDS, Math.floor(seed / WORDS)];
  const pair = new Uint32Array(2);
  let drawn = 0;
  const word = (): number => {
    if (drawn % 2 === 0) threefry2x32(low, high, drawn / 2, stream, pair);
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
