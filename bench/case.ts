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
  /** Share of the limit. */
  ofLimit?: number;
}

/** How a group of cases is made for one build. */
export type Group = (engine: Engine, limits: Limits) => Iterable<Case>;

/**
 * What sorted samples (milliseconds per call) of a case say; limits are those measured before and after them, in calls
 * per second.
 */
export function resultOf(
  given: Case,
  { group, build, samples, limits }: { group: string; build: string; samples: readonly number[]; limits: number[] },
): Result {
  const [fastest, median, slowest] = [0.1, 0.5, 0.9].map((q) => quantile(samples, q)) as [number, number, number];
  const result: Result = { group, name: given.name, build, fastest, median, slowest, samples: samples.length };
  const { flops, bytes, elements } = given;
  if (flops !== undefined) Object.assign(result, { rate: flops / fastest / 1e6, unit: "GFLOP/s" });
  else if (bytes !== undefined) Object.assign(result, { rate: bytes / fastest / 1e6, unit: "GB/s" });
  else if (elements !== undefined) Object.assign(result, { rate: (fastest * 1e6) / elements, unit: "ns/element" });
  if (limits.length > 0) result.ofLimit = 1000 / fastest / Math.max(...limits);
  return result;
}

/** How the limit of a case is measured, if it has one. */
export function limitOf(given: Case, limits: Limits): (() => number) | undefined {
  return given.limit ?? (given.flops === undefined ? undefined : () => limits.flops() / given.flops!);
}
