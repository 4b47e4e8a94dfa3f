// onnxruntime-web on its Wasm backend, one thread. It predicts only: training was removed in 2024.
import * as ort from "onnxruntime-web";
import { elementwiseModel, matmulModel, netModel } from "./onnx-model.mjs";
import { batchesOf, SIZES } from "./works.mjs";

export const name = "onnxruntime-web";
export const version = ort.env.versions.web ?? ort.env.versions.common;
export const detail = () => "wasm, 1 thread";

export function start() {
  ort.env.wasm.numThreads = 1;
}

const session = (bytes) => ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });

async function predict({ batch }, data) {
  const next = batchesOf(data, batch);
  const net = await session(netModel(data.weights, SIZES, batch));
  return async () => {
    const { y } = await net.run({ x: new ort.Tensor("float32", next().x, [batch, SIZES[0]]) });
    return y.data[0];
  };
}

async function elementwise({ op }, data) {
  const type = { exp: "Exp", tanh: "Tanh", sigmoid: "Sigmoid" }[op];
  if (type === undefined) return undefined;
  const n = data.elements.length;
  const run = await session(elementwiseModel(type, n));
  const x = new ort.Tensor("float32", data.elements, [n]);
  return async () => (await run.run({ x })).y.data[0];
}

async function matmul({ n }, data) {
  const run = await session(matmulModel(data.matrix.slice(n * n, 2 * n * n), n));
  const a = new ort.Tensor("float32", data.matrix.slice(0, n * n), [n, n]);
  return async () => (await run.run({ a })).y.data[0];
}

export const works = { predict, elementwise, matmul };
