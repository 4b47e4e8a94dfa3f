// Ours, as built into dist/: `npm run build` first.
import { readFileSync } from "node:fs";
import { info, init, layers, sequential, tensor } from "../../dist/src/index.js";
import { defaultEngine } from "../../dist/src/runtime/engine.js";
import { batchesOf, SIZES } from "./works.mjs";

export const name = "lanewise";
export const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
export const detail = () => `${info().build}, fused ${info().fused}, ${info().threads} thread`;

/** The third argument of worker.mjs names a build. */
export async function start() {
  const build = process.argv[4];
  if (build !== undefined) await init({ build });
}

function modelOf(data, { batchNorm = false, rate = 0 } = {}) {
  const stack = SIZES.slice(1).flatMap((units, i) => {
    const last = i === SIZES.length - 2;
    return [
      ...(rate > 0 ? [layers.dropout({ rate })] : []),
      layers.dense({ units, useBias: last || !batchNorm, name: `dense${i}` }),
      ...(batchNorm && !last ? [layers.batchNormalization()] : []),
      layers.activation(last ? "softmax" : "relu"),
    ];
  });
  const model = sequential(stack, { inputShape: [SIZES[0]], seed: 1 });
  model.setWeights(
    new Map(data.weights.map((values, i) => [`dense${i}/kernel`, tensor(values, [SIZES[i], SIZES[i + 1]])])),
  );
  return model;
}

function trainer(options) {
  return ({ batch }, data) => {
    const next = batchesOf(data, batch);
    const model = modelOf(data, options);
    model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
    return () => {
      const { x, y } = next();
      return model.trainOnBatch(x, y).loss;
    };
  };
}

function predict({ batch }, data) {
  const next = batchesOf(data, batch);
  const model = modelOf(data);
  return () => model.predict(next().x).data[0];
}

function mc({ batch, samples, rate }, data) {
  const next = batchesOf(data, batch);
  const model = modelOf(data, { rate });
  return () => model.predictMC(next().x, { samples }).mean.data[0];
}

/** Kernels on arrays that are in linear memory, as tfjs and onnxruntime-web have theirs. */
function onEngine(length, values) {
  const engine = defaultEngine();
  const address = engine.arena.allocate(length * 4);
  if (values !== undefined) engine.floats(address, length).set(values);
  return address;
}

function elementwise({ op }, data) {
  const n = data.elements.length;
  const { kernels } = defaultEngine();
  const [x, y] = [onEngine(n, data.elements), onEngine(n)];
  const kernel = { exp: "exponentialForward", tanh: "tanhForward", sigmoid: "sigmoidForward", gelu: "geluForward" }[op];
  return () => {
    kernels[kernel](n, x, y);
    return 0;
  };
}

/** A product with a weight in panels, as a model stores it: x of n rows. */
function matmul({ n }, data) {
  const { kernels } = defaultEngine();
  const [a, b] = [
    onEngine(n * n, data.matrix.subarray(0, n * n)),
    onEngine(n * n, data.matrix.subarray(n * n, 2 * n * n)),
  ];
  const [panels, bias, y] = [onEngine(kernels.panelFloats(n, n)), onEngine(n, new Float32Array(n)), onEngine(n * n)];
  kernels.packPanels(n, n, b, panels);
  return () => {
    kernels.denseForward(n, n, n, a, n, panels, bias, y, n);
    return 0;
  };
}

export const works = { train: trainer({}), trainBN: trainer({ batchNorm: true }), predict, mc, elementwise, matmul };
