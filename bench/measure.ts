/** Timing with benchmark.js, and the machine's limits from the same minutes of the same process. */
import Benchmark from "benchmark";
import { limitOf, resultOf, type Case, type Result } from "./case.js";
import type { Limits } from "./limits.js";

/** Samples as short as the clock allows, so that most of them are free of other programs' turns. */
const SAMPLE_SECONDS = 0.002;

/** Measures a case for about so many seconds. */
export function measure(group: string, build: string, limits: Limits, given: Case, seconds: number): Result {
  const limit = limitOf(given, limits);
  const before = limit?.();
  const bench = new Benchmark(given.name, () => void given.run(), {
    maxTime: seconds,
    minTime: SAMPLE_SECONDS,
    minSamples: 10,
  });
  bench.run();
  const failure = (bench as unknown as { error?: Error }).error;
  if (failure !== undefined) throw failure;
  const after = limit?.();
  const samples = [...bench.stats.sample].sort((a, b) => a - b).map((s) => s * 1000);
  return resultOf(given, { group, build, samples, limits: [before, after].filter((each) => each !== undefined) });
}
