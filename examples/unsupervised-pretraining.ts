/**
 * Pretraining without labels: of Fashion-MNIST, 200 images have labels and the others have none. Each helper trains an
 * encoder on those without; then it goes under a classifier that sees the 200. Mean and spread of five seeds.
 */
import { layers, pretraining, sequential, type Model } from "lanewise";
import { accuracyOf, augmented, encoderOf, summarize, uniform, unit, type Pairs } from "./support/few-labels.js";
import { loadFashionMnist } from "./support/fashion-mnist.js";
import { rowsOf, sized } from "./support/gallery.js";
import { savePicture } from "./support/picture.js";

const SEEDS = sized(5, 1);
const UNLABELLED = sized(10_000, 100);
const { train, test: all } = loadFashionMnist();
const test = rowsOf(all, sized(10_000, 100));
const x = unit(rowsOf(train, UNLABELLED, 2000));
const fit = { epochs: sized(10, 1), batchSize: 64, verbose: 0 as const };

/** Same: an image and itself, moved and shaded. Not the same: another image. No label is used. */
function pairsByAugmentation(seed: number): Pairs {
  const random = uniform(seed);
  const [a, b, same] = [x.data, new Float32Array(x.size), new Float32Array(UNLABELLED)];
  for (let r = 0; r < UNLABELLED; r++) {
    same[r] = Number(random() < 0.5);
    const other = same[r] === 1 ? r : Math.floor(random() * UNLABELLED);
    b.set(augmented(x.data.subarray(other * 784, (other + 1) * 784), 2, random), r * 784);
  }
  return { a, b, same };
}

function generatorOf(seed: number): Model {
  return sequential(
    [
      layers.dense({ units: 128, activation: "elu", kernelInitializer: "heNormal" }),
      layers.batchNormalization(),
      layers.dense({ units: 784, activation: "sigmoid" }),
    ],
    { inputShape: [30], seed },
  );
}

const helpers: Record<string, (encoder: Model, seed: number) => Promise<unknown>> = {
  "from scratch": async () => {},
  autoencoder: (encoder) => pretraining.autoencoder(encoder, x, { ...fit, outputActivation: "sigmoid" }),
  "autoencoder, tied": (encoder) =>
    pretraining.autoencoder(encoder, x, { ...fit, tied: true, outputActivation: "sigmoid" }),
  "autoencoder, denoising (noise 0.3)": (encoder) =>
    pretraining.autoencoder(encoder, x, { ...fit, noise: 0.3, outputActivation: "sigmoid" }),
  "autoencoder, denoising (dropout 0.5)": (encoder) =>
    pretraining.autoencoder(encoder, x, { ...fit, dropout: 0.5, outputActivation: "sigmoid" }),
  "greedy, denoising (dropout 0.5)": (encoder) =>
    pretraining.greedy(encoder, x, { ...fit, dropout: 0.5, outputActivation: "sigmoid" }),
  GAN: (encoder, seed) =>
    pretraining.gan(encoder, x, { generator: generatorOf(seed), epochs: fit.epochs, batchSize: fit.batchSize }),
  "pairs by augmentation": (encoder, seed) => {
    const { a, b, same } = pairsByAugmentation(seed);
    return pretraining.pairs(encoder, [a, b], same, fit);
  },
};

const values: { name: string; mean: number; low: number; high: number }[] = [];
for (const [name, pretrain] of Object.entries(helpers)) {
  const accuracies: number[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const encoder = encoderOf(seed);
    await pretrain(encoder, seed);
    // Other labelled images for each seed.
    accuracies.push(await accuracyOf(encoder, rowsOf(train, 200, (seed - 1) * 200), test, 10, seed));
  }
  const { mean, std } = summarize(name, accuracies);
  values.push({ name, mean, low: mean - std, high: mean + std });
}

await savePicture("unsupervised-pretraining", {
  title: {
    text: "Fashion-MNIST with 200 labels",
    subtitle: `test accuracy by pretraining on ${UNLABELLED.toLocaleString("en")} images without labels; mean and spread of ${SEEDS} seeds`,
  },
  data: { values },
  width: 420,
  height: { step: 28 },
  encoding: { y: { field: "name", type: "nominal", title: null, sort: null } },
  layer: [
    {
      mark: { type: "point", filled: true, size: 60 },
      encoding: {
        x: { field: "mean", type: "quantitative", scale: { zero: false }, axis: { format: "%" }, title: "accuracy" },
      },
    },
    { mark: "rule", encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" } } },
  ],
});
