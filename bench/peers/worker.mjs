// One JavaScript library in a process of its own: `node worker.mjs MODULE DATA`. Reads one JSON request a line and
// answers with one JSON line: { setup: work } prepares a work and gives its first results; { round: ms } repeats it for
// at least so long and gives milliseconds per call.
import { createInterface } from "node:readline";
import { readData } from "./works.mjs";

const [module, folder] = process.argv.slice(2);
const reply = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
console.log = console.info = console.warn = (...args) => console.error(...args); // stdout carries answers only

const started = performance.now();
const peer = await import(`./${module}.mjs`);
const data = readData(folder);
await peer.start?.();
reply({ name: peer.name, version: peer.version, detail: peer.detail?.() ?? "", startMs: performance.now() - started });

let call;
async function handle(request) {
  if (request.setup !== undefined) {
    call = undefined;
    const make = peer.works[request.setup.kind];
    if (make === undefined) return { unsupported: true };
    call = await make(request.setup, data);
    if (call === undefined) return { unsupported: true };
    const results = [];
    for (let i = 0; i < 5; i++) results.push(await call());
    return { results };
  }
  let calls = 0;
  const processor = process.cpuUsage();
  const start = performance.now();
  let now = start;
  do {
    const result = call();
    if (result instanceof Promise) await result;
    calls++;
    now = performance.now();
  } while (now - start < request.round);
  const { user, system } = process.cpuUsage(processor);
  return { wall: (now - start) / calls, cpu: (user + system) / 1000 / calls, calls };
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    reply(await handle(JSON.parse(line)));
  } catch (error) {
    reply({ error: String(error?.stack ?? error) });
  }
}
