// TensorFlow.js on its Wasm backend, one thread. `node worker.mjs tfjs` or, for the plain JavaScript backend, tfjs-cpu.
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { batchesOf, SIZES } from "./works.mjs";

export const name = "tfjs-wasm";
export const version = tf.version["tfjs-core"];
export const detail = () => `SIMD ${tf.env().getBool("WASM_HAS_SIMD_SUPPORT")}, 1 thread`;

export async function start() {
  const folder = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  setWasmPaths(join(folder, "wasm-out/"));
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
}

function layersOf(options) {
  const dense = SIZES.slice(1).map((units, i) => {
    const last = i === SIZES.length - 2;
    return { units, last, useBias: last || !options.batchNorm };
  });
  const model = tf.sequential();
  dense.forEach(({ units, last, useBias }, i) => {
    const inputShape = i === 0 ? { inputShape: [SIZES[0]] } : {};
    if (options.rate) model.add(tf.layers.dropout({ rate: options.rate, ...inputShape }));
    model.add(tf.layers.dense({ units, useBias, ...(options.rate ? {} : inputShape) }));
    if (options.batchNorm && !last) model.add(tf.layers.batchNormalization());
    model.add(tf.layers.activation({ activation: last ? "softmax" : "relu" }));
  });
  return model;
}

function modelOf(data, options = {}) {
  const model = layersOf(options);
  const kernels = data.weights.map((values, i) => tf.tensor2d(values, [SIZES[i], SIZES[i + 1]]));
  let next = 0;
  for (const layer of model.layers) {
    if (layer.getClassName() !== "Dense") continue;
    const [, ...rest] = layer.getWeights();
    layer.setWeights([kernels[next++], ...rest]);
  }
  return model;
}

/** The form that was fastest here: a function for the optimizer, without the layers' own training loop. */
function train({ batch }, data) {
  const next = batchesOf(data, batch);
  const kernels = data.weights.map((values, i) => tf.variable(tf.tensor2d(values, [SIZES[i], SIZES[i + 1]])));
  const biases = SIZES.slice(1).map((units) => tf.variable(tf.zeros([units])));
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-7);
  return () => {
    const { x, y } = next();
    const loss = tf.tidy(() => {
      const input = tf.tensor2d(x, [batch, SIZES[0]]);
      const labels = tf.oneHot(tf.tensor1d(y, "int32"), SIZES.at(-1));
      return optimizer.minimize(() => {
        let h = input;
        for (let i = 0; i < kernels.length; i++) {
          const activation = i < kernels.length - 1 ? "relu" : undefined;
          h = tf.fused.matMul({ a: h, b: kernels[i], bias: biases[i], activation });
        }
        return tf.losses.softmaxCrossEntropy(labels, h);
      }, true);
    });
    const value = loss.dataSync()[0];
    loss.dispose();
    return value;
  };
}

function trainLayers(options) {
  return ({ batch }, data) => {
    const next = batchesOf(data, batch);
    const model = modelOf(data, options);
    model.compile({ optimizer: tf.train.adam(1e-3, 0.9, 0.999, 1e-7), loss: "categoricalCrossentropy" });
    return async () => {
      const { x, y } = next();
      const input = tf.tensor2d(x, [batch, SIZES[0]]);
      const labels = tf.tidy(() => tf.oneHot(tf.tensor1d(y, "int32"), SIZES.at(-1)).toFloat());
      const loss = await model.trainOnBatch(input, labels);
      input.dispose();
      labels.dispose();
      return loss;
    };
  };
}

function predict({ batch }, data) {
  const next = batchesOf(data, batch);
  const model = modelOf(data);
  return () => {
    const { x } = next();
    const y = tf.tidy(() => model.predict(tf.tensor2d(x, [batch, SIZES[0]])));
    const values = y.dataSync();
    y.dispose();
    return values[0];
  };
}

/** All samples as one batch, each with its own mask. */
function mc({ batch, samples, rate }, data) {
  const next = batchesOf(data, batch);
  const model = modelOf(data, { rate });
  return () => {
    const { x } = next();
    const [mean, std] = tf.tidy(() => {
      const repeated = tf.tile(tf.tensor2d(x, [batch, SIZES[0]]), [samples, 1]);
      const outputs = model.apply(repeated, { training: true }).reshape([samples, batch, SIZES.at(-1)]);
      const { mean, variance } = tf.moments(outputs, 0);
      return [mean, variance.sqrt()];
    });
    const result = mean.dataSync()[0] + 0 * std.dataSync()[0];
    mean.dispose();
    std.dispose();
    return result;
  };
}

const GELU = (x) => tf.tidy(() => tf.mul(x, tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5)));

function elementwise({ op }, data) {
  const x = tf.tensor1d(data.elements);
  const apply = { exp: tf.exp, tanh: tf.tanh, sigmoid: tf.sigmoid, gelu: GELU }[op];
  return () => {
    apply(x).dispose();
    return 0;
  };
}

function matmul({ n }, data) {
  const a = tf.tensor2d(data.matrix.subarray(0, n * n), [n, n]);
  const b = tf.tensor2d(data.matrix.subarray(n * n, 2 * n * n), [n, n]);
  return () => {
    tf.matMul(a, b).dispose();
    return 0;
  };
}

export const works = {
  train,
  trainBN: trainLayers({ batchNorm: true }),
  trainLayers: trainLayers({}),
  predict,
  mc,
  elementwise,
  matmul,
};
