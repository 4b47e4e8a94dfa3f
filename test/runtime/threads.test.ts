/** The pool of worker threads: same bits, clean fall-backs, clear failures, and nothing that keeps a process alive. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as threads from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import { dispose, info, init, layers, optimizers, sequential } from "../../src/index.js";
import type { Engine } from "../../src/runtime/engine.js";
import { engineOf } from "../builds.js";

afterEach(() => {
  vi.restoreAllMocks();
  dispose();
});

const wave = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 0.7) / 2);
const labels = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => (i * 7) % 5);

/** Losses and weights of a net with all that could depend on who does what: sums over samples, masks, statistics. */
async function train(
  engine: Engine,
): Promise<{ losses: readonly number[]; weights: Float32Array[]; mean: Float32Array }> {
  const model = sequential(
    [
      layers.dropout(0.1),
      layers.dense({ units: 150, activation: "elu", kernelRegularizer: "l2" }),
      layers.batchNormalization(),
      layers.dense({ units: 66, activation: "gelu", kernelConstraint: "maxNorm" }),
      layers.layerNormalization(),
      layers.gaussianNoise(0.1),
      layers.dense({ units: 5, activation: "softmax" }),
    ],
    { inputShape: [131], seed: 3, engine },
  );
  model.compile({
    optimizer: optimizers.adamW({ learningRate: 0.01, globalClipNorm: 1, useEma: true }),
    loss: "sparseCategoricalCrossentropy",
  });
  const { history } = await model.fit(wave(131 * 203), labels(203), { epochs: 3, batchSize: 64, verbose: 0 });
  const { mean } = model.predictMC(wave(131 * 9), { samples: 7 }) as { mean: { data: Float32Array } };
  const weights = [...model.getWeights().values()].map(({ data }) => data as Float32Array);
  model.dispose();
  return { losses: history["loss"]!, weights, mean: mean.data };
}

test.each(["baseline", "relaxed"] as const)(
  "training has the same bits with 1, 2, 3, 4 and 7 threads (%s)",
  async (build) => {
    const expected = await train(engineOf(build, 2048, 1));
    for (const count of [2, 3, 4, 7]) {
      const engine = engineOf(build, 2048, count);
      await engine.ready();
      expect(engine.info.threads).toBe(count);
      expect(await train(engine)).toEqual(expected);
      engine.dispose();
    }
  },
);

test("memory may grow while workers are at work", async () => {
  const engine = engineOf("baseline", 4096, 3);
  const n = 1 << 20;
  const before = engine.memory.buffer.byteLength;
  for (let i = 0; i < 4; i++) {
    const address = engine.arena.allocate(n * 4);
    engine.kernels.uniformFill(n, 0, address, 1, 2, 3, 3);
    expect(engine.floats(address, n).every((value) => value === 3)).toBe(true);
  }
  expect(engine.memory.buffer.byteLength).toBeGreaterThan(before + 12 * n);
  engine.dispose();
});

test("init starts threads, dispose ends them, and init may be called anew", async () => {
  dispose();
  expect((await init({ threads: 3, deterministic: true })).threads).toBe(3);
  await expect(init()).rejects.toThrow(/already running/);
  const model = sequential([layers.dense(2)], { inputShape: [3], seed: 1 });
  dispose();
  expect(() => model.predict(wave(3))).toThrow(/^Engine: it was disposed; call dispose\(\) and init\(\)/);
  expect(model.getWeights().size).toBe(2);
  expect((await init()).threads).toBe(1);
  expect(sequential([layers.dense(2)], { inputShape: [3], seed: 1 }).predict(wave(3)).data.length).toBe(2);
});

test("bad numbers of threads", async () => {
  dispose();
  for (const count of [0, 33, 1.5, Number.NaN]) {
    await expect(init({ threads: count })).rejects.toThrow(/^init: threads must be .* Received: threads=/);
  }
});

test("a worker that cannot start leaves one thread, and says why", async () => {
  dispose();
  vi.spyOn(process, "getBuiltinModule").mockReturnValue({
    Worker: class {
      constructor() {
        throw new Error("no more threads");
      }
    },
  } as never);
  const { threads: count, refused } = await init({ threads: 4 });
  expect(count).toBe(1);
  expect(refused["threads"]).toBe("a worker could not be started: no more threads");
  expect(sequential([layers.dense(2)], { inputShape: [3], seed: 1 }).predict(wave(3)).data.length).toBe(2);
});

/** Lets the pool start workers from another source. */
function withSource(source: (own: string) => string): void {
  class Other extends threads.Worker {
    constructor(own: string, options: threads.WorkerOptions) {
      super(source(own), options);
    }
  }
  vi.spyOn(process, "getBuiltinModule").mockReturnValue({ Worker: Other } as never);
}

test("a worker that fails while it starts leaves one thread", async () => {
  dispose();
  withSource(() => "throw new Error('half a worker')");
  const { threads: count, refused } = await init({ threads: 2 });
  expect(count).toBe(1);
  expect(refused["threads"]).toMatch(/half a worker|ended/);
});

test("a worker that dies between steps costs nothing but speed", async () => {
  const expected = await train(engineOf("baseline", 2048, 1));
  withSource((own) => `${own}; setTimeout(() => {}, 0);`);
  const started: threads.Worker[] = [];
  class Recorded extends threads.Worker {
    constructor(own: string, options: threads.WorkerOptions) {
      super(own, options);
      started.push(this);
    }
  }
  vi.spyOn(process, "getBuiltinModule").mockReturnValue({ Worker: Recorded } as never);
  const engine = engineOf("baseline", 2048, 3);
  await engine.ready();
  await started[0]!.terminate();
  expect(engine.info.threads).toBe(2);
  expect(await train(engine)).toEqual(expected);
  await started[1]!.terminate();
  expect(engine.info.threads).toBe(1);
  expect(await train(engine)).toEqual(expected);
});

test("a worker that stops in the middle of a piece is an error within seconds, and the engine is finished", async () => {
  // It takes pieces as it should and never finishes one.
  withSource((own) => own.replace(/try\{[^}]*\}/, "try{for(;;);}"));
  const engine = engineOf("baseline", 2048, 2);
  await engine.ready();
  const dense = layers.dense({ units: 200, kernelInitializer: "zeros" });
  const model = sequential([dense], { inputShape: [100], seed: 1, engine });
  const started = performance.now();
  expect(() => {
    // The main thread may be so fast that it takes every piece of a call itself.
    for (let i = 0; i < 10_000; i++) model.predict(wave(100 * 64));
  }).toThrow(/a worker thread stopped in the middle of a kernel/);
  expect(performance.now() - started).toBeLessThan(30_000);
  expect(() => model.predict(wave(100))).toThrow(/^Engine: a kernel failed earlier \(a worker thread stopped/);
  engine.dispose();
});

test("a trap in a worker is an error of the call", async () => {
  withSource((own) => own.replace(/try\{[^}]*\}/, "try{throw 1}"));
  const engine = engineOf("baseline", 2048, 2);
  await engine.ready();
  const dense = layers.dense({ units: 200, kernelInitializer: "zeros" });
  const model = sequential([dense], { inputShape: [100], seed: 1, engine });
  expect(() => {
    for (let i = 0; i < 10_000; i++) model.predict(wave(100 * 64));
  }).toThrow(/a kernel trapped in a worker thread/);
  engine.dispose();
});

test("an idle pool uses no processor time", async () => {
  const engine = engineOf("baseline", 2048, 3);
  await engine.ready();
  engine.kernels.sscal(4096, 1, engine.arena.allocate(4 * 4096));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { user, system } = process.cpuUsage(before);
  expect(user + system).toBeLessThan(250_000); // microseconds; two workers that looked all the time would use 1,000,000
  engine.dispose();
});

test("a process with idle threads ends by itself", { timeout: 30_000 }, async () => {
  const entry = fileURLToPath(new URL("../../dist/src/index.js", import.meta.url));
  const script = `
    import { init, layers, sequential } from ${JSON.stringify(entry)};
    const { threads } = await init({ threads: 3, deterministic: true });
    const model = sequential([layers.dense(300)], { inputShape: [400], seed: 1 });
    model.predict(new Float32Array(400 * 64));
    console.log(threads);`;
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { timeout: 20_000 });
  expect((await run).stdout.trim()).toBe("3");
});

test("info tells what runs", () => expect(info().threads).toBe(1));
