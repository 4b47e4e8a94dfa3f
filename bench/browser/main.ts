/**
 * `npm run bench:browser [-- filter] [--build baseline|relaxed|both] [--seconds 0.5] [--json FILE]`: kernels, training
 * steps and prediction in headless Chromium and, where the machine has one, Firefox.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { build as bundle } from "esbuild";
import { chromium, noChromium } from "../../test/browser/chromium.js";
import { firefox, noFirefox } from "../../test/browser/firefox.js";
import { runInBrowser } from "../../test/browser/page.js";
import { HEADINGS, lineOf } from "../table.js";
import type { Report, Request } from "./page.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { build: { type: "string" }, seconds: { type: "string", default: "0.5" }, json: { type: "string" } },
});
const builds = options.build === "both" ? ["baseline", "relaxed"] : [options.build];
const filter = (positionals[0] ?? "").toLowerCase();

const host = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, date: new Date().toISOString().slice(0, 10) };
console.log(`${host.cpu}, ${host.cores} cores, one thread used`);

// An interrupted program ends in the ordinary way, which ends the browser too.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

const reports: (Report & { browser: string })[] = [];
for (const [browser, missing] of [
  [chromium, noChromium],
  [firefox, noFirefox],
] as const) {
  if (missing !== undefined) {
    console.log(`\n${browser.name}: skipped, ${missing}`);
    continue;
  }
  for (const build of builds) {
    const request = { filter, seconds: Number(options.seconds), ...(build === undefined ? {} : { build }) } as Request;
    const { outputFiles } = await bundle({
      stdin: {
        contents: `import { run } from "./bench/browser/page.ts"; report(run(${JSON.stringify(request)}));`,
        resolveDir: process.cwd(),
      },
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      write: false,
      logLevel: "warning",
    });
    const report = (await runInBrowser(browser, outputFiles[0]!.text, { timeoutMs: 600_000 })) as Report;
    reports.push({ browser: browser.name, ...report });
    console.log(`\n${browser.name}: ${report.userAgent}`);
    console.log(
      `${report.build} build, multiply-add ${report.fused ? "fused" : "not fused"}; ` +
        `limits: ${report.gflops.toFixed(1)} GFLOP/s, copy of 16 MB ${report.copyGBs.toFixed(1)} GB/s\n`,
    );
    console.log(HEADINGS);
    for (const result of report.results) console.log(lineOf(result));
  }
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ ...host, reports }, null, 1)}\n`);
