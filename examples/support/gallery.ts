import { tensor, type Tensor } from "lanewise";
import type { LabelledImages } from "./mnist.js";

/** `--tiny`: a look at everything in seconds, with nets that have hardly learnt. For tests. */
export const tiny = process.argv.includes("--tiny");

/** A size of the real run, or of the tiny one. */
export const sized = (full: number, small: number): number => (tiny ? small : full);

/** Rows [start, start + count) of labelled images. */
export function rowsOf({ images, labels }: LabelledImages, count: number, start = 0): Rows {
  const size = images.shape[1]! * images.shape[2]!;
  const end = Math.min(start + count, images.shape[0]!);
  return {
    x: tensor(images.data.subarray(start * size, end * size), [end - start, ...images.shape.slice(1)]),
    y: labels.data.subarray(start, end),
  };
}

/** Rows [start, start + count) of rows. */
export function part({ x, y }: Rows, start: number, count: number): Rows {
  return rowsOf({ images: x, labels: tensor(y) }, count, start);
}

/** The rows whose label is wanted, with new labels from 0 on, at most so many. */
export function withLabels({ images, labels }: LabelledImages, wanted: readonly number[], most = Infinity): Rows {
  const size = images.shape[1]! * images.shape[2]!;
  const places = [...labels.data.keys()].filter((i) => wanted.includes(labels.data[i]!)).slice(0, most);
  const x = new Uint8Array(places.length * size);
  places.forEach((place, i) => x.set(images.data.subarray(place * size, (place + 1) * size), i * size));
  return {
    x: tensor(x, [places.length, ...images.shape.slice(1)]),
    y: Uint8Array.from(places, (place) => wanted.indexOf(labels.data[place]!)),
  };
}

/** Images as bytes, and their labels. */
export interface Rows {
  x: Tensor<Uint8Array>;
  y: Uint8Array;
}

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** Mean and standard deviation (of a sample). */
export function meanAndStd(values: ArrayLike<number>): { mean: number; std: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  const squares = list.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: list.length > 1 ? Math.sqrt(squares / (list.length - 1)) : 0 };
}

/** Share of the rows whose most probable class is the label. */
export function accuracyOfRows(prediction: Tensor, labels: Uint8Array): number {
  const chosen = prediction.argMax().data;
  return labels.reduce((sum, label, i) => sum + Number(chosen[i] === label), 0) / labels.length;
}

/** Entropy of each row of probabilities, in nats. */
export function entropyOfRows({ data, shape }: Tensor): Float32Array {
  const width = shape.at(-1)!;
  const ofRow = (row: Float32Array): number => row.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
  return Float32Array.from({ length: data.length / width }, (_, r) => ofRow(data.subarray(width * r, width * (r + 1))));
}

/** Share of pairs in which the second is larger, ties counting half: the area under the ROC curve. */
export function auroc(below: ArrayLike<number>, above: ArrayLike<number>): number {
  const all = [...Array.from(below, (v) => [v, 0] as const), ...Array.from(above, (v) => [v, 1] as const)];
  all.sort((a, b) => a[0] - b[0]);
  let rankSum = 0;
  for (let i = 0; i < all.length;) {
    let end = i;
    while (end < all.length && all[end]![0] === all[i]![0]) end++;
    for (let j = i; j < end; j++) if (all[j]![1] === 1) rankSum += (i + 1 + end) / 2;
    i = end;
  }
  const n = above.length;
  return (rankSum - (n * (n + 1)) / 2) / (n * below.length);
}

/**
 * Milliseconds that a call of each takes: the fastest tenth of many short samples, taken in turn so that other programs
 * disturb all alike.
 */
export async function fastestOf(runs: readonly (() => unknown)[], rounds: number, calls: number): Promise<number[]> {
  const times = runs.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, run] of runs.entries()) {
      const start = performance.now();
      for (let call = 0; call < calls; call++) await run();
      times[i]!.push((performance.now() - start) / calls);
    }
  }
  return times.map((samples) => samples.sort((a, b) => a - b)[Math.floor(rounds / 10)]!);
}
