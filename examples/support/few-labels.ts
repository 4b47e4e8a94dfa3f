import { layers, optimizers, sequential, tensor, type Model, type Tensor } from "lanewise";
import { meanAndStd, percent, sized, type Rows } from "./gallery.js";

/** The body of a classifier of images in [0, 1]: 784-128-64. */
export function encoderOf(seed: number): Model {
  const dense = (units: number) => layers.dense({ units, activation: "elu", kernelInitializer: "heNormal" });
  return sequential([dense(128), dense(64)], { inputShape: [784], seed, name: "encoder" });
}

/** Bytes as numbers in [0, 1], an image in each row. */
export function unit({ x }: Rows): Tensor {
  return tensor(
    Float32Array.from(x.data, (byte) => byte / 255),
    [x.shape[0]!, 784],
  );
}

/** Puts a head on an encoder, trains both on a few labels, and returns the accuracy on the test set. */
export async function accuracyOf(
  encoder: Model,
  few: Rows,
  test: Rows,
  classes: number,
  seed: number,
): Promise<number> {
  const head = layers.dense({ units: classes, activation: "softmax" });
  const model = sequential([encoder, layers.dropout(0.2), head], { seed });
  model.compile({
    optimizer: optimizers.adam({ learningRate: 1e-3 }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  await model.fit(unit(few), few.y, { epochs: sized(60, 2), batchSize: 16, verbose: 0 });
  const accuracy = model.evaluate(unit(test), test.y)["accuracy"]!;
  model.dispose();
  return accuracy;
}

/** One line of a table of several seeds. */
export function summarize(name: string, accuracies: readonly number[]): { name: string; mean: number; std: number } {
  const { mean, std } = meanAndStd(accuracies);
  console.log(`| ${name.padEnd(36)} | ${percent(mean)} ± ${percent(std)} |`);
  return { name, mean, std };
}

/** Pairs of rows: the first of each pair, the second, and whether they are of one kind. */
export interface Pairs {
  a: Float32Array;
  b: Float32Array;
  same: Float32Array;
}

/** An image moved by up to `most` pixels in each direction, and made a little lighter or darker. */
export function augmented(image: Float32Array, most: number, random: () => number): Float32Array {
  const [dx, dy] = [0, 0].map(() => Math.round((2 * random() - 1) * most)) as [number, number];
  const ink = 0.7 + 0.6 * random();
  return image.map((_, i) => {
    const [column, row] = [(i % 28) - dx, Math.floor(i / 28) - dy];
    const inside = column >= 0 && column < 28 && row >= 0 && row < 28;
    return inside ? Math.min(1, ink * image[row * 28 + column]!) : 0;
  });
}

/** Uniform numbers from a seed (mulberry32), for choices that the library does not make. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
