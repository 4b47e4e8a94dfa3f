/** What Node and the browser both run, from the library's sources: results whose bits have to agree. */
import { info, init, layers, optimizers, sequential, tensor, type EngineOptions } from "../../src/index.js";
import { createEngine } from "../../src/runtime/engine.js";
import { exp, log, log1p, pow } from "../../src/runtime/math.js";
import { halfCosine } from "../../src/schedules/schedule.js";

export { info };

/** SHA-256 of the bytes of an array, in hexadecimal. Needs a secure context, which a page on 127.0.0.1 is. */
export async function sha256(values: ArrayBufferView<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", values));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Every result of this file. */
export async function hashes(options: EngineOptions = {}): Promise<Record<string, string>> {
  await start(options);
  return { ...(await hashKernels()), ...(await hashTraining()) };
}

/** Starts the engine, once. */
export function start(options: EngineOptions): Promise<unknown> {
  started ??= init({ deterministic: true, ...options });
  if (options.module) module = options.module;
  return started;
}

let started: Promise<unknown> | undefined;
let module: WebAssembly.Module | undefined;

/**
 * 30 steps of a net with all that makes bits differ: random weights and masks, batch statistics, exponentials, Adam's
 * moments and a changing learning rate; and what it predicts. Its first products are large enough for several threads.
 */
async function hashTraining(): Promise<Record<string, string>> {
  const rows = 120;
  const x = tensor(
    Float32Array.from({ length: rows * 131 }, (_, i) => ((i * 7919) % 1000) / 999 - 0.5),
    [rows, 131],
  );
  const y = Int32Array.from({ length: rows }, (_, i) => (i * 7) % 5);
  const model = sequential(
    [
      layers.dense({ units: 300, kernelInitializer: "heNormal", useBias: false }),
      layers.batchNormalization(),
      layers.activation("elu"),
      layers.dropout(0.2),
      layers.dense({ units: 17, activation: "tanh" }),
      layers.dense({ units: 5, activation: "softmax" }),
    ],
    { inputShape: [131], seed: 2024 },
  );
  const learningRate = (step: number): number => 0.01 / (1 + step / 20);
  model.compile({
    optimizer: optimizers.nadam({ learningRate, globalClipNorm: 1 }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  const { history } = await model.fit(x, y, { epochs: 10, batchSize: 40, verbose: 0 });
  const weights = [...model.getWeights()].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { data }]) => [...data]);
  const uncertain = model.predictMC(x, { samples: 20 }) as {
    mean: { data: Float32Array };
    entropy: { data: Float32Array };
  };
  const predicted = [...uncertain.mean.data, ...uncertain.entropy.data];
  model.dispose();
  return {
    modelBuild: info().build,
    weights: await sha256(Float32Array.from(weights)),
    losses: await sha256(Float64Array.from(history["loss"]!)),
    monteCarlo: await sha256(Float32Array.from(predicted)),
  };
}

/** Long chains of rounding in the deterministic build's kernels and in the portable scalar functions. */
async function hashKernels(): Promise<Record<string, string>> {
  const engine = createEngine({ deterministic: true, ...(module && { module }) });
  const n = 1021;
  const [x, y] = [engine.arena.allocate(n * 4), engine.arena.allocate(n * 4)];
  for (let i = 0; i < n; i++) {
    engine.f32[(x >>> 2) + i] = ((i * 7919) % 1000) / 999 - 0.5;
    engine.f32[(y >>> 2) + i] = 1 / (i + 1);
  }
  for (let step = 0; step < 200; step++) {
    engine.kernels.saxpy(n, 0.37, x, y);
    engine.kernels.sscal(n, 0.9, y);
    engine.f32[x >>> 2] = engine.kernels.sdot(n, x, y);
  }
  const functions = [exp, log, log1p, (v: number) => pow(v, 0.37), (v: number) => halfCosine(v / 5)];
  const scalars = functions.flatMap((f) => Array.from({ length: 500 }, (_, i) => f(0.01 * (i + 1))));
  return {
    build: engine.info.build,
    kernels: await sha256(engine.floats(y, n).slice()),
    scalars: await sha256(Float64Array.from(scalars)),
  };
}
