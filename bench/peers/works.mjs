// The works that every library does, and the data they are done on: the same weights, inputs and labels for all, from
// files, so that the libraries' losses and outputs can be compared before their times are.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Units of the layers: the net of every work. ReLU between them, softmax at the end. */
export const SIZES = [784, 300, 100, 10];
/** Samples in the data; batches go through them in order and begin again. */
export const SAMPLES = 1024;
/** Numbers in an elementwise work: 4 MB, beyond the second-level cache, where calls cost nothing beside the work. */
export const ELEMENTS = 1 << 20;

const train = [1, 32, 128, 512].map((batch) => ({ name: `train ${batch}`, kind: "train", batch }));
const trainBN = [32, 128].map((batch) => ({ name: `train BN ${batch}`, kind: "trainBN", batch }));
const predict = [1, 32, 1000].map((batch) => ({ name: `predict ${batch}`, kind: "predict", batch }));
const mc = [1, 32].map((batch) => ({ name: `MC dropout ${batch}`, kind: "mc", batch, samples: 100, rate: 0.2 }));
const elementwise = ["exp", "tanh", "sigmoid", "gelu"].map((op) => ({ name: op, kind: "elementwise", op }));
const matmul = [256, 512, 1024].map((n) => ({ name: `matmul ${n}`, kind: "matmul", n }));

/** Every work. The unit is one call: a training step, a batch predicted, an array passed. */
export const works = [...train, ...trainBN, ...predict, ...mc, ...elementwise, ...matmul];

/** Uniform numbers in [0, 1), seeded (mulberry32). */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Writes the data files: f32 little-endian, C order, kernels as [inputs, units]. */
export function writeData(folder) {
  mkdirSync(folder, { recursive: true });
  const random = seeded(42);
  const write = (name, length, value) => {
    writeFileSync(
      join(folder, `${name}.f32`),
      Float32Array.from({ length }, (_, i) => value(i)),
    );
  };
  write("x", SAMPLES * SIZES[0], () => random());
  write("y", SAMPLES, () => Math.floor(random() * SIZES.at(-1)));
  for (let layer = 1; layer < SIZES.length; layer++) {
    const limit = Math.sqrt(6 / SIZES[layer - 1]); // He, uniform
    write(`w${layer}`, SIZES[layer - 1] * SIZES[layer], () => (2 * random() - 1) * limit);
  }
  write("elements", ELEMENTS, () => 8 * random() - 4);
  write("matrix", 2 * 1024 * 1024, () => 2 * random() - 1);
}

export function readData(folder) {
  const read = (name) => {
    const bytes = readFileSync(join(folder, `${name}.f32`));
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4).slice();
  };
  return {
    x: read("x"),
    y: Int32Array.from(read("y")),
    weights: SIZES.slice(1).map((_, i) => read(`w${i + 1}`)),
    elements: read("elements"),
    matrix: read("matrix"),
  };
}

/** Batches of the data in turn: `next()` gives `{ x, y }` of ordinary arrays. */
export function batchesOf(data, batch) {
  const count = Math.floor(SAMPLES / batch);
  let k = 0;
  return () => {
    const from = (k++ % count) * batch;
    return { x: data.x.subarray(from * SIZES[0], (from + batch) * SIZES[0]), y: data.y.subarray(from, from + batch) };
  };
}
