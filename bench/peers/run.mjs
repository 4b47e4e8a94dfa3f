// Measures lanewise beside other libraries: `node bench/peers/run.mjs [filter] [--peers a,b] [--rounds 7] [--ms 200]
// [--clock wall|cpu] [--python PATH] [--json FILE]`. Every library has a process of its own, so that none disturbs
// another's heap or compiler, and only one works at a time: in each round all take a short turn, forwards in one round
// and backwards in the next, so that a machine that slows down slows down all. The ratio is theirs / ours of one round;
// printed is the median of the rounds' ratios with the smallest and the largest.
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createInterface } from "node:readline";
import { works, writeData } from "./works.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const data = fileURLToPath(new URL("../../runs/peers-data", import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: "string" },
    rounds: { type: "string", default: "7" },
    ms: { type: "string", default: "200" },
    clock: { type: "string", default: "wall" }, // cpu: on a busy machine, time in which the process ran
    python: { type: "string", default: "python3" },
    json: { type: "string" },
    ours: { type: "string", default: "lanewise" },
  },
});
const rounds = Number(options.rounds);
/** A first turn that is not counted. */
const WARM_MS = 50;

/** How each is started. */
const javascript = (module, ...more) => [process.execPath, [...nodeFlags(), "worker.mjs", module, data, ...more]];
const python = (name) => [options.python, ["python_worker.py", name, data]];
const launchers = {
  lanewise: () => javascript("lanewise"),
  "lanewise-baseline": () => javascript("lanewise", "baseline"),
  "tfjs-wasm": () => javascript("tfjs"),
  "jax-js": () => javascript("jax-js"),
  "onnxruntime-web": () => javascript("onnxruntime-web"),
  torch: () => python("torch"),
  "torch-fused": () => python("torch-fused"),
  jax: () => python("jax"),
  keras: () => python("keras"),
};

/** Node 20 has relaxed SIMD behind a flag; all JavaScript libraries get it. */
function nodeFlags() {
  return Number(process.versions.node.split(".")[0]) < 22 ? ["--experimental-wasm-relaxed-simd"] : [];
}

async function open(name) {
  const [command, args] = launchers[name]();
  const child = spawn(command, args, { cwd: here, stdio: ["pipe", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (text) => (log = (log + text).slice(-2000)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((resolve) =>
    child.once("error", (error) => resolve({ value: JSON.stringify({ error: error.message }) })),
  );
  const read = async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error(`${name} ended.\n${log}`);
    const answer = JSON.parse(value);
    if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`);
    return answer;
  };
  const ask = (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return read();
  };
  return { name, about: await read(), ask, close: () => child.kill() };
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const short = (ms) => (ms < 0.1 ? ms.toFixed(4) : ms < 10 ? ms.toFixed(3) : ms.toFixed(1));

if (!existsSync(fileURLToPath(new URL("node_modules", import.meta.url)))) {
  console.error("peers: run `npm install` in bench/peers first.");
  process.exit(1);
}
writeData(data);
const wanted = options.peers?.split(",") ?? Object.keys(launchers).filter((name) => !name.startsWith("lanewise"));
const peers = [];
for (const name of [options.ours, ...wanted]) {
  try {
    peers.push(await open(name));
  } catch (error) {
    console.log(`left out: ${name}: ${error.message.trim().split("\n").at(-1)}`);
  }
}
console.log(`Node ${process.version}, V8 ${process.versions.v8}, ${cpus()[0].model}, ${cpus().length} cores`);
for (const { name, about } of peers) {
  console.log(`  ${name} ${about.version} (${about.detail}), started in ${about.startMs.toFixed(0)} ms`);
}

const filter = positionals[0]?.toLowerCase() ?? "";
const report = [];
for (const work of works.filter(({ name }) => name.toLowerCase().includes(filter))) {
  const able = [];
  for (const peer of peers) {
    try {
      const { unsupported, results } = await peer.ask({ setup: work });
      if (!unsupported) able.push({ peer, results, times: [] });
    } catch (error) {
      console.log(`${work.name}: ${error.message.split("\n").slice(0, 6).join("\n")}`);
    }
  }
  const ours = able.find(({ peer }) => peer.name === options.ours);
  await turn(able, WARM_MS);
  for (let round = 0; round < rounds; round++) await turn(round % 2 ? [...able].reverse() : able, Number(options.ms));

  console.log(`\n${work.name}`);
  for (const { peer, results, times } of able) {
    const ratios = ours === undefined ? [] : times.map((ms, i) => ms / ours.times[i]);
    const agrees = compare(work, results, able[0].results);
    const ratio =
      ratios.length === 0 || peer.name === options.ours
        ? ""
        : `${median(ratios).toFixed(2)}x  (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
    console.log(
      `  ${peer.name.padEnd(18)}${short(median(times)).padStart(9)} ms  (${short(Math.min(...times))} to ${short(Math.max(...times))})  ${ratio} ${agrees}`,
    );
    report.push({
      work: work.name,
      peer: peer.name,
      version: peer.about.version,
      ms: median(times),
      times,
      ratio: ratios.length ? median(ratios) : null,
      ratios,
      results,
    });
  }
}
for (const peer of peers) peer.close();
if (options.json)
  writeFileSync(
    options.json,
    `${JSON.stringify({ node: process.version, v8: process.versions.v8, cpu: cpus()[0].model, report }, null, 1)}\n`,
  );

async function turn(able, ms) {
  for (const each of able) {
    const times = await each.peer.ask({ round: ms });
    if (ms > WARM_MS) each.times.push(times[options.clock]);
  }
}

/** Whether the first losses or outputs are those of the first library, where the work has a definite result. */
function compare({ kind }, results, reference) {
  if (results === reference || !["train", "trainBN", "predict"].includes(kind)) return "";
  const differ = results.some((value, i) => Math.abs(value - reference[i]) > 0.01 * Math.abs(reference[i]) + 1e-6);
  return differ
    ? `DIFFERS: ${results.map((v) => v.toPrecision(4))} against ${reference.map((v) => v.toPrecision(4))}`
    : "";
}
