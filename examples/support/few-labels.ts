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

/** How a classifier is trained on few labels. */
export interface FineTuning {
  learningRate: number;
  epochs: number;
  /** In front of the head. */
  dropout: number;
}

/** What is tried for each start alike; which is taken decides the accuracy on validation images. */
const fineTunings: readonly FineTuning[] = [3e-4, 1e-3, 3e-3].flatMap((learningRate) => [
  { learningRate, epochs: sized(40, 1), dropout: 0 },
  { learningRate, epochs: sized(100, 2), dropout: 0.4 },
]);

/** Puts a head on a copy of an encoder, trains both on a few labels, and returns the accuracy on the test images. */
export async function accuracyOf(
  encoder: Model,
  few: Rows,
  test: Rows,
  seed: number,
  { learningRate, epochs, dropout }: FineTuning,
): Promise<number> {
  const head = layers.dense({ units: 1 + Math.max(...test.y), activation: "softmax" });
  const model = sequential([encoder.clone(), layers.dropout(dropout), head], { seed });
  model.compile({
    optimizer: optimizers.adam({ learningRate }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  await model.fit(unit(few), few.y, { epochs, batchSize: 20, verbose: 0 });
  const accuracy = model.evaluate(unit(test), test.y)["accuracy"]!;
  model.dispose();
  return accuracy;
}

/** The fine-tuning that does best on the validation images, mean of several sets of labelled images. */
export async function bestFineTuning(encoder: Model, sets: readonly Rows[], validation: Rows): Promise<FineTuning> {
  let best = { accuracy: -1, fineTuning: fineTunings[0]! };
  for (const fineTuning of fineTunings) {
    let accuracy = 0;
    for (const [i, few] of sets.entries())
      accuracy += (await accuracyOf(encoder, few, validation, 100 + i, fineTuning)) / sets.length;
    if (accuracy > best.accuracy) best = { accuracy, fineTuning };
  }
  return best.fineTuning;
}

/** One line of a table of several seeds. */
export function summarize(name: string, accuracies: readonly number[], more: string): { mean: number; std: number } {
  const { mean, std } = meanAndStd(accuracies);
  console.log(`| ${name.padEnd(31)} | ${percent(mean)} ± ${percent(std)} | ${more} |`);
  return { mean, std };
}

/** Pairs of rows: the first of each pair, the second, and whether they are of one kind. */
export interface Pairs {
  a: Float32Array;
  b: Float32Array;
  same: Float32Array;
}

/** An image moved by up to `most` pixels in each direction, and made a little lighter or darker. */
function augmented(image: Float32Array, most: number, random: () => number): Float32Array {
  const [dx, dy] = [0, 0].map(() => Math.round((2 * random() - 1) * most)) as [number, number];
  const ink = 0.7 + 0.6 * random();
  return image.map((_, i) => {
    const [column, row] = [(i % 28) - dx, Math.floor(i / 28) - dy];
    const inside = column >= 0 && column < 28 && row >= 0 && row < 28;
    return inside ? Math.min(1, ink * image[row * 28 + column]!) : 0;
  });
}

/**
 * Pairs without labels. Same: an image and itself, moved by up to 2 pixels and shaded. Not the same: another image, moved
 * and shaded.
 */
export function pairsByAugmentation({ data, shape }: Tensor, seed: number): Pairs {
  const random = uniform(seed);
  const rows = shape[0]!;
  const [a, b, same] = [data, new Float32Array(data.length), new Float32Array(rows)];
  for (let r = 0; r < rows; r++) {
    same[r] = Number(random() < 0.5);
    const other = same[r] === 1 ? r : Math.floor(random() * rows);
    b.set(augmented(data.subarray(other * 784, (other + 1) * 784), 2, random), r * 784);
  }
  return { a, b, same };
}

/** Standard normal numbers from a seed. */
export function normal(seed: number): () => number {
  const random = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
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
