/**
 * Pretraining without labels: of Fashion-MNIST, 200 images have labels and the others have none. Each helper trains an
 * encoder on those without; then it goes under a classifier that sees the 200. Mean and spread of five seeds.
 */
import { layers, pretraining, sequential, type Model } from "lanewise";
import { accuracyOf, bestFineTuning, encoderOf, pairsByAugmentation, summarize, unit } from "./support/few-labels.js";
import { loadFashionMnist } from "./support/fashion-mnist.js";
import { rowsOf, sized } from "./support/gallery.js";
import { savePicture } from "./support/picture.js";

const SEEDS = sized(5, 1);
const UNLABELLED = sized(20_000, 100);
const { train, test: all } = loadFashionMnist();
const test = rowsOf(all, sized(10_000, 100));
/** Of the training images: 200 for each seed, 3 x 200 and 3000 more to choose the fine-tuning with, the unlabelled. */
const labelled = (set: number) => rowsOf(train, 200, set * 200);
const tuning = [5, 6, 7].slice(0, sized(3, 1)).map(labelled);
const validation = rowsOf(train, sized(3000, 100), 2000);
const x = unit(rowsOf(train, UNLABELLED, 5000));
/** Chosen, as the noise, by the accuracy on the validation images. */
const fit = { epochs: sized(10, 1), batchSize: 64, verbose: 0 as const };
const restore = { ...fit, outputActivation: "sigmoid", loss: "binaryCrossentropy" } as const;

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
  autoencoder: (encoder) => pretraining.autoencoder(encoder, x, restore),
  "autoencoder, tied": (encoder) => pretraining.autoencoder(encoder, x, { ...restore, tied: true }),
  "autoencoder, denoising": (encoder) => pretraining.autoencoder(encoder, x, { ...restore, dropout: 0.6 }),
  "greedy, denoising": (encoder) => pretraining.greedy(encoder, x, { ...restore, dropout: 0.6 }),
  // Fewer epochs, since their steps cost two and three times as much: about the same time for each helper.
  GAN: (encoder, seed) =>
    pretraining.gan(encoder, x, { generator: generatorOf(seed), epochs: sized(3, 1), batchSize: 64 }),
  "pairs by augmentation": (encoder, seed) => {
    const { a, b, same } = pairsByAugmentation(x, seed);
    return pretraining.pairs(encoder, [a, b], same, { ...fit, epochs: sized(5, 1) });
  },
};

const values: { name: string; mean: number; low: number; high: number }[] = [];
console.log(`| 200 labels, ${UNLABELLED} images without | test accuracy | fine-tuning: rate, epochs, dropout |`);
for (const [name, pretrain] of Object.entries(helpers)) {
  const pretrained = async (seed: number): Promise<Model> => {
    const encoder = encoderOf(seed);
    await pretrain(encoder, seed);
    return encoder;
  };
  const best = await bestFineTuning(await pretrained(100), tuning, validation);
  const accuracies: number[] = [];
  for (let seed = 0; seed < SEEDS; seed++)
    accuracies.push(await accuracyOf(await pretrained(seed), labelled(seed), test, seed, best));
  const { mean, std } = summarize(name, accuracies, Object.values(best).join(", "));
  values.push({ name, mean, low: mean - std, high: mean + std });
}

await savePicture("unsupervised-pretraining", {
  title: {
    text: "Fashion-MNIST with 200 labels",
    subtitle: [
      `test accuracy by pretraining on ${UNLABELLED.toLocaleString("en")} images without labels;`,
      `mean and spread of ${SEEDS} seeds`,
    ],
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
