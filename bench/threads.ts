import { createEngine, type Engine } from "../src/runtime/engine.js";
import type { Case } from "./case.js";
import { fastestRate } from "./limits.js";
import { batchOf, net } from "./net.js";

const THREADS = 2;
const ONE_THREAD_MS = 100;

/**
 * The same work on two threads. The limit is one thread in the same minutes: 200 % is what a second, idle core can give.
 */
export function* threads({ info }: Engine): Iterable<Case> {
  const build = info.build === "relaxed" ? "relaxed" : "baseline";
  const one = createEngine({ build });
  const several = createEngine({ build, threads: THREADS });
  const cases: [string, (engine: Engine) => () => unknown][] = [
    ["dense forward 512x512x512", (engine) => product(engine, 512, 512, 512)],
    ["dense forward 128x784x300", (engine) => product(engine, 128, 300, 784)],
    ["sgemm NN 512", (engine) => generalProduct(engine, 512)],
    ["sigmoid 1 M", (engine) => sigmoid(engine, 1_000_000)],
    ...[1, 32, 128, 512].map((rows): [string, (engine: Engine) => () => unknown] => [
      `training step, batch ${rows}`,
      (engine) => step(engine, rows),
    ]),
  ];
  for (const [name, make] of cases) {
    const [alone, together] = [make(one), make(several)];
    yield { name: `${THREADS} threads, ${name}`, run: together, limit: () => fastestRate(alone, ONE_THREAD_MS) };
  }
  one.dispose();
  several.dispose();
}

function random(engine: Engine, n: number): number {
  const address = engine.arena.allocate(4 * n);
  engine.kernels.uniformFill(n, 0, address, 1, 2, -1, 1);
  return address;
}

function product(engine: Engine, m: number, n: number, k: number): () => void {
  const [x, w, y] = [random(engine, m * k), random(engine, n * k), random(engine, m * n)];
  return () => engine.kernels.denseForward(m, n, k, x, k, w, 0, y, n);
}

function generalProduct(engine: Engine, n: number): () => void {
  const [a, b, c] = [random(engine, n * n), random(engine, n * n), random(engine, n * n)];
  const scratch = engine.arena.allocate(4 * engine.kernels.sgemmScratch(n, n, n));
  return () => engine.kernels.sgemmNN(n, n, n, 1, a, n, b, n, 0, c, n, scratch);
}

function sigmoid(engine: Engine, n: number): () => void {
  const [x, y] = [random(engine, n), random(engine, n)];
  return () => engine.kernels.sigmoidForward(n, x, y);
}

function step(engine: Engine, rows: number): () => unknown {
  const model = net(engine);
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
  const { x, y } = batchOf(rows);
  return () => model.trainOnBatch(x, y);
}
