/** The limits of the machine, and times of many short samples: what other programs take shows in the slower ones. */
import type { Engine } from "../src/runtime/engine.js";

export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;

/** Milliseconds per call of `run`, in many samples of at least `sampleMs`, sorted. */
export function sampleTimes(run: () => unknown, ms: number, sampleMs = 1): number[] {
  const samples: number[] = [];
  const end = performance.now() + ms;
  let calls = 1;
  for (let now = performance.now(); now < end || samples.length === 0;) {
    for (let i = 0; i < calls; i++) run();
    const elapsed = performance.now() - now;
    now += elapsed;
    if (elapsed < sampleMs) calls *= 2;
    else samples.push(elapsed / calls);
  }
  return samples.sort((a, b) => a - b);
}

/** Calls per second of `run`, the best tenth of many short samples: what is left out is other programs' noise. */
export function fastestRate(run: () => unknown, ms: number): number {
  return 1000 / quantile(sampleTimes(run, ms), 0.1);
}

const PEAK_ROUNDS = 100_000;
/** Operations of one round of the kernel `peak`: 12 multiply-adds of four lanes. */
const PEAK_FLOPS = 96;

/** The limits of the machine as a build reaches them. */
export class Limits {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Floating-point operations a second: multiply-adds in registers. */
  flops(ms = 40): number {
    return fastestRate(() => this.#engine.kernels.peak(PEAK_ROUNDS), ms) * PEAK_ROUNDS * PEAK_FLOPS;
  }

  /** Bytes a second of a plain copy of n floats, reads and writes counted. */
  copy(n: number, ms = 40): number {
    const { arena, kernels } = this.#engine;
    const [from, to] = [arena.allocate(n * 4), arena.allocate(n * 4)];
    const rate = fastestRate(() => kernels.copyFloats(n, from, to), ms) * n * 8;
    arena.free(to);
    arena.free(from);
    return rate;
  }

  /** Passes a second over n floats each of `reads` arrays, of which all but one are written: the optimizers' pattern. */
  pass(reads: number, n: number, ms = 40): number {
    const { arena, kernels } = this.#engine;
    const arrays = Array.from({ length: reads }, () => arena.allocate(n * 4));
    for (const array of arrays) this.#engine.floats(array, n).fill(0);
    const [a, b, c, d, e] = arrays as [number, number, number, number, number];
    const passes: Record<number, () => void> = {
      2: () => kernels.read2Write1(n, a, b),
      3: () => kernels.read3Write2(n, a, b, c),
      4: () => kernels.read4Write3(n, a, b, c, d),
      5: () => kernels.read5Write4(n, a, b, c, d, e),
    };
    const rate = fastestRate(passes[reads]!, ms);
    for (const array of arrays) arena.free(array);
    return rate;
  }
}
