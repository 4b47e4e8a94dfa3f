/** What the page of bench/browser/main.ts runs: the bench's own cases, timed by the page. */
import { createEngine } from "../../src/runtime/engine.js";
import { inTurns, type Group, type Result } from "../case.js";
import { kernels } from "../kernels.js";
import { Limits, sampleTimes } from "../limits.js";
import { prediction } from "../prediction.js";
import { training } from "../training.js";

const groups: Record<string, Group> = { kernels, training, prediction };

/** A sample is long beside what a page's clock can tell: 5 microseconds, in Firefox 20. */
const SAMPLE_MS = 2;

export interface Request {
  /** Undefined: the one that the library takes. */
  build?: "baseline" | "relaxed";
  filter: string;
  seconds: number;
}

export interface Report {
  userAgent: string;
  build: string;
  fused: boolean;
  gflops: number;
  copyGBs: number;
  results: Result[];
}

export function run({ build, filter, seconds }: Request): Report {
  const engine = createEngine(build === undefined ? {} : { build });
  const { build: name, fused } = engine.info;
  const limits = new Limits(engine);
  const [gflops, copyGBs] = [limits.flops(300) / 1e9, limits.copy(4_000_000, 300) / 1e9];
  const results: Result[] = [];
  for (const [group, cases] of Object.entries(groups)) {
    for (const each of cases(engine, limits)) {
      if (!`${group} ${each.name}`.toLowerCase().includes(filter)) continue;
      // Optimizing compilers first: they work beside the page, and wait for it where there are few cores.
      sampleTimes(each.run, 200);
      const sample = (turns: number): number[] => sampleTimes(each.run, (seconds * 1000) / turns, SAMPLE_MS);
      results.push(inTurns(each, limits, { group, build: name }, sample));
    }
  }
  return { userAgent: navigator.userAgent, build: name, fused, gflops, copyGBs, results };
}
