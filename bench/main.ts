/**
 * `npm run bench [-- filter] [--build baseline|relaxed|both] [--seconds 0.5] [--json FILE]`: measures what has the
 * filter in its group or name. How to read the table: bench/README.md.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { createEngine } from "../src/runtime/engine.js";
import { activations } from "./activations.js";
import type { Group, Result } from "./case.js";
import { kernels } from "./kernels.js";
import { Limits } from "./limits.js";
import { measure } from "./measure.js";
import { optimizers } from "./optimizers.js";
import { prediction } from "./prediction.js";
import { startUp } from "./start-up.js";
import { HEADINGS, lineOf } from "./table.js";
import { threads } from "./threads.js";
import { training } from "./training.js";

const groups: Record<string, Group> = { kernels, training, prediction, optimizers, activations, threads };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    build: { type: "string", default: "" },
    seconds: { type: "string", default: "0.5" },
    json: { type: "string" },
  },
});
const filter = (positionals[0] ?? "").toLowerCase();
const builds = options.build === "both" ? (["baseline", "relaxed"] as const) : [options.build];

const host = {
  node: process.version,
  v8: process.versions.v8,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  date: new Date().toISOString().slice(0, 10),
};
console.log(`Node ${host.node}, V8 ${host.v8}, ${host.cpu}, ${host.cores} cores, one thread unless said`);

const results: Result[] = [];
const limitsOf: Record<string, { gflops: number; copyGBs: number }> = {};

for (const build of builds) {
  const engine = createEngine(build === "" ? {} : { build: build as "baseline" | "relaxed" });
  const limits = new Limits(engine);
  const { build: name, fused } = engine.info;
  limitsOf[name] = { gflops: limits.flops(300) / 1e9, copyGBs: limits.copy(4_000_000, 300) / 1e9 };
  const { gflops, copyGBs } = limitsOf[name];
  console.log(
    `\n${name} build, multiply-add ${fused ? "fused" : "not fused"}; ` +
      `limits: ${gflops.toFixed(1)} GFLOP/s, copy of 16 MB ${copyGBs.toFixed(1)} GB/s\n`,
  );
  console.log(HEADINGS);
  for (const [group, cases] of Object.entries(groups)) {
    for (const each of cases(engine, limits)) {
      if (!`${group} ${each.name}`.toLowerCase().includes(filter)) continue;
      const result = measure(group, name, limits, each, Number(options.seconds));
      results.push(result);
      console.log(lineOf(result, builds.length > 1));
    }
  }
}
if ("start-up".includes(filter)) {
  console.log("");
  for (const result of await startUp(`${process.cwd()}/`, Object.keys(limitsOf))) {
    results.push(result);
    console.log(lineOf(result, builds.length > 1));
  }
}
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ ...host, limits: limitsOf, results }, null, 1)}\n`);
}
