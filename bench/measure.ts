/** Timing with benchmark.js. */
import Benchmark from "benchmark";
import { inTurns, type Case, type Result } from "./case.js";
import type { Limits } from "./limits.js";

/** Samples as short as the clock allows, so that most of them are free of other programs' turns. */
const SAMPLE_SECONDS = 0.002;

/** Measures a case for about so many seconds. */
export function measure(group: string, build: string, limits: Limits, given: Case, seconds: number): Result {
  return inTurns(given, limits, { group, build }, (turns) => {
    const bench = new Benchmark(given.name, () => void given.run(), {
      maxTime: seconds / turns,
      minTime: SAMPLE_SECONDS,
      minSamples: 5,
    });
    bench.run();
    const failure = (bench as unknown as { error?: Error }).error;
    if (failure !== undefined) throw failure;
    return bench.stats.sample.map((s) => s * 1000).sort((a, b) => a - b);
  });
}
