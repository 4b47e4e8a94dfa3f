/** What is measured, and what came of it. */
import type { Engine } from "../src/runtime/engine.js";
import { quantile, type Limits } from "./limits.js";

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
  /** Share of the limit, the median of all turns. */
  ofLimit?: number;
}

/** How a group of cases is made for one build. */
export type Group = (engine: Engine, limits: Limits) => Iterable<Case>;

/** Turns of a case and its limit: the speed of a machine changes within seconds, the ratio of the two does not. */
const TURNS = 6;

/** Measures a case in turns with its limit. `sample` gives sorted times in milliseconds per call, a turn's worth. */
export function inTurns(
  given: Case,
  limits: Limits,
  { group, build }: { group: string; build: string },
  sample: (turns: number) => readonly number[],
): Result {
  const { name, flops, bytes, elements } = given;
  // By default multiply-adds in registers.
  const limit = given.limit ?? (flops === undefined ? undefined : () => limits.flops() / flops);
  const all: number[] = [];
  const shares: number[] = [];
  for (let turn = 0, before = limit?.(); turn < TURNS; turn++) {
    const times = sample(TURNS);
    const after = limit?.();
    if (after !== undefined) shares.push(1000 / quantile(times, 0.1) / Math.max(before!, after));
    before = after;
    all.push(...times);
  }
  const [fastest, median, slowest] = [0.1, 0.5, 0.9].map((q) => quantile(sorted(all), q)) as [number, number, number];
  const result: Result = { group, name, build, fastest, median, slowest, samples: all.length };
  if (flops !== undefined) Object.assign(result, { rate: flops / fastest / 1e6, unit: "GFLOP/s" });
  else if (bytes !== undefined) Object.assign(result, { rate: bytes / fastest / 1e6, unit: "GB/s" });
  else if (elements !== undefined) Object.assign(result, { rate: (fastest * 1e6) / elements, unit: "ns/element" });
  if (shares.length > 0) result.ofLimit = quantile(sorted(shares), 0.5);
  return result;
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
