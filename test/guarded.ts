/**
 * Arrays in linear memory with canaries on both sides. Wasm has no address sanitizer: a kernel that writes one float
 * too far silently changes its neighbour, so every test buffer is checked after use.
 */
import type { Engine } from "../src/runtime/engine.js";

/** Floats on each side: 64 bytes and one vector more than any kernel's tail. */
const GUARD = 32;
/** NaN as f32, and a pattern that no arithmetic makes. */
const CANARY = 0x7fbf8234;

export class Guarded {
  readonly address: number;
  readonly #block: number;
  readonly #start: number;

  /** n floats whose address is `misalignment` floats (0 to 15) past a multiple of 64 bytes. */
  constructor(
    private readonly engine: Engine,
    readonly n: number,
    misalignment = 0,
  ) {
    this.#block = engine.arena.allocate((n + 2 * GUARD + misalignment) * 4);
    this.#start = (this.#block >>> 2) + GUARD + misalignment;
    this.address = this.#start * 4;
    const words = engine.i32;
    words.fill(CANARY, this.#block >>> 2, this.#start + n + GUARD);
  }

  static of(engine: Engine, values: ArrayLike<number>, misalignment = 0): Guarded {
    const array = new Guarded(engine, values.length, misalignment);
    array.values.set(values);
    return array;
  }

  /** The live contents. */
  get values(): Float32Array {
    return this.engine.floats(this.address, this.n);
  }

  /** A copy of the contents; throws if a canary on either side is gone. */
  read(): Float32Array {
    this.check();
    return this.values.slice();
  }

  check(): void {
    const words = this.engine.i32;
    for (let i = 1; i <= GUARD; i++) {
      if (words[this.#start - i] !== CANARY) throw new Error(`canary ${i} floats before the array was overwritten`);
      if (words[this.#start + this.n + i - 1] !== CANARY)
        throw new Error(`canary ${i} floats after the array was overwritten`);
    }
  }

  free(): void {
    this.check();
    this.engine.arena.free(this.#block);
  }
}

/** The sizes at which an elementwise kernel can go wrong: every remainder of its vectors and unrolled passes. */
export const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 1021];

/** Values that break formulas: zeros of both signs, saturation, overflow, subnormals, infinities and NaN. */
export const SPECIALS = [
  0,
  -0,
  1,
  -1,
  10,
  -10,
  88,
  -88,
  104,
  -104,
  1e-40,
  -1e-40,
  3.4e38,
  -3.4e38,
  Infinity,
  -Infinity,
  NaN,
];

/** A seeded stream of uniform numbers for test data (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
