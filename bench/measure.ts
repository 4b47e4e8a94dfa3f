/** Timing with benchmark.js, and the machine's limits from the same minutes of the same process. */
import Benchmark from "benchmark";
import type { Engine } from "../src/runtime/engine.js";

/** One thing to measure. What a call does is given in at most one of flops, bytes and elements. */
export interface Case {
  name: string;
  run: () => unknown;
  /** Floating-point operations of a call. */
  flops?: number;
  /** Bytes that a call reads and writes. */
  bytes?: number;
  /** Numbers that a call computes. */
  elements?: number;
  /**
   * What the machine can do at most, in calls per second, measured here and now. Default: for flops, the multiply-add
   * loop of the same build.
   */
  limit?: () => number;
}

/** What was measured, times in milliseconds per call. */
export interface Result {
  group: string;
  name: string;
  build: string;
  /** A tenth of the samples are faster than this. */
  fastest: number;
  median: number;
  /** A tenth of the samples are slower than this. */
  slowest: number;
  samples: number;
  /** GFLOP/s, GB/s or ns/element, of the fastest tenth, as the limits are. */
  rate?: number;
  unit?: string;
  /** Share of the limit. */
  ofLimit?: number;
}

/** How a group of cases is made for one build. */
export type Group = (engine: Engine, limits: Limits) => Iterable<Case>;

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;

/** Calls per second of `run`, the best tenth of many short samples: what is left out is other programs' noise. */
export function fastestRate(run: () => unknown, ms: number): number {
  const samples: number[] = [];
  const end = performance.now() + ms;
  let calls = 1;
  for (let now = performance.now(); now < end;) {
    for (let i = 0; i < calls; i++) run();
    const elapsed = performance.now() - now;
    now += elapsed;
    if (elapsed < 1) calls *= 2;
    else samples.push(elapsed / calls);
  }
  return (
    1000 /
    quantile(
      samples.sort((a, b) => a - b),
      0.1,
    )
  );
}

/** Samples as short as the clock allows, so that most of them are free of other programs' turns. */
const SAMPLE_SECONDS = 0.002;

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

/** Measures a case for about so many seconds. */
export function measure(group: string, build: string, limits: Limits, given: Case, seconds: number): Result {
  const limit = given.limit ?? (given.flops === undefined ? undefined : () => limits.flops() / given.flops!);
  const before = limit?.() ?? 0;
  const bench = new Benchmark(given.name, () => void given.run(), {
    maxTime: seconds,
    minTime: SAMPLE_SECONDS,
    minSamples: 10,
  });
  bench.run();
  const failure = (bench as unknown as { error?: Error }).error;
  if (failure !== undefined) throw failure;
  const after = limit?.() ?? 0;

  const sorted = [...bench.stats.sample].sort((a, b) => a - b).map((s) => s * 1000);
  const [fastest, median, slowest] = [0.1, 0.5, 0.9].map((q) => quantile(sorted, q)) as [number, number, number];
  const result: Result = { group, name: given.name, build, fastest, median, slowest, samples: sorted.length };
  const { flops, bytes, elements } = given;
  if (flops !== undefined) Object.assign(result, { rate: flops / fastest / 1e6, unit: "GFLOP/s" });
  else if (bytes !== undefined) Object.assign(result, { rate: bytes / fastest / 1e6, unit: "GB/s" });
  else if (elements !== undefined) Object.assign(result, { rate: (fastest * 1e6) / elements, unit: "ns/element" });
  if (limit !== undefined) result.ofLimit = 1000 / fastest / Math.max(before, after);
  return result;
}
