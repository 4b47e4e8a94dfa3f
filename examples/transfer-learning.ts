/**
 * Transfer learning: a net that knows the digits 0 to 4 learns 5 to 9 from a few labels. From scratch, with its layers
 * frozen under a new head, and fine-tuned: frozen first, then all layers at a tenth of the rate.
 */
import { layers, optimizers, sequential, type Model } from "lanewise";
import { meanAndStd, part, percent, sized, withLabels, type Rows } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { saveAccuracyByLabels } from "./support/picture.js";

const SEEDS = sized(5, 1);
const { train, test } = loadMnist();
const known = withLabels(train, [0, 1, 2, 3, 4], sized(30_000, 200));
/** 1000 images for each seed, 1000 more and 3000 to choose the number of steps by. */
const fresh = withLabels(train, [5, 6, 7, 8, 9], 9000);
const validation = part(fresh, 6000, sized(3000, 100));
const freshTest = withLabels(test, [5, 6, 7, 8, 9], sized(10_000, 100));

const body = () => [
  layers.rescaling({ scale: 1 / 255 }),
  layers.flatten(),
  ...[100, 100, 100].map((units) => layers.dense({ units, activation: "elu", kernelInitializer: "heNormal" })),
];
const head = () => layers.dense({ units: 5, activation: "softmax" });

async function learn(model: Model, { x, y }: Rows, steps: number, learningRate = 1e-3): Promise<Model> {
  model.compile({
    optimizer: optimizers.adam({ learningRate }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  await model.fit(x, y, { epochs: Math.ceil(steps / Math.ceil(y.length / 32)), cacheFrozen: true, verbose: 0 });
  return model;
}
const accuracyOf = (model: Model, { x, y }: Rows): number => model.evaluate(x, y)["accuracy"]!;

const original = sequential(body(), { inputShape: [28, 28], seed: 42, name: "body" });
const first = await learn(sequential([original, head()], { seed: 42 }), known, sized(4700, 20));
console.log(`the digits 0 to 4: accuracy ${percent(accuracyOf(first, known))} on what it has learnt`);
const before = original.save();

const ways: Record<string, (few: Rows, steps: number, seed: number) => Promise<Model>> = {
  "from scratch": (few, steps, seed) =>
    learn(sequential([...body(), head()], { inputShape: [28, 28], seed }), few, steps),
  frozen: (few, steps, seed) => {
    const copy = original.clone();
    copy.trainable = false;
    return learn(sequential([copy, head()], { seed }), few, steps);
  },
  "fine-tuned": async (few, steps, seed) => {
    const copy = original.clone();
    copy.trainable = false;
    const model = await learn(sequential([copy, head()], { seed }), few, steps / 2);
    copy.trainable = true;
    return learn(model, few, steps / 2, 1e-4);
  },
};

const values: { way: string; labels: number; accuracy: number }[] = [];
for (const labels of [10, 30, 100, 300, 1000].slice(0, sized(5, 2))) {
  for (const [way, train] of Object.entries(ways)) {
    let best = { steps: 0, accuracy: -1 };
    for (const steps of [100, 400, 1600].slice(0, sized(3, 1))) {
      const accuracy = accuracyOf(await train(part(fresh, 5000, labels), steps, 100), validation);
      if (accuracy > best.accuracy) best = { steps, accuracy };
    }
    const accuracies: number[] = [];
    for (let seed = 0; seed < SEEDS; seed++)
      accuracies.push(accuracyOf(await train(part(fresh, 1000 * seed, labels), best.steps, seed), freshTest));
    const { mean, std } = meanAndStd(accuracies);
    values.push({ way, labels, accuracy: mean });
    console.log(`${labels} labels, ${way}: ${percent(mean)} ± ${percent(std)}, ${best.steps} steps`);
  }
}
const same = Buffer.from(before).equals(original.save());
console.log(`the original's weights are ${same ? "the same, to the bit" : "CHANGED"}`);

const title = {
  text: "From the digits 0-4 to 5-9",
  subtitle: `MNIST test accuracy by number of labelled images; mean of ${SEEDS} seeds`,
};
await saveAccuracyByLabels("transfer-learning", title, values);
