/**
 * Transfer learning: a net that knows the digits 0 to 4 learns 5 to 9 from a few labels. From scratch, with its layers
 * frozen under a new head, and fine-tuned: frozen first, then all layers at a tenth of the rate.
 */
import { layers, optimizers, sequential, type Model } from "lanewise";
import { meanAndStd, percent, sized, withLabels, type Rows } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { savePicture } from "./support/picture.js";

const SEEDS = sized(3, 1);
const { train, test } = loadMnist();
const known = withLabels(train, [0, 1, 2, 3, 4], sized(30_000, 200));
const fresh = withLabels(train, [5, 6, 7, 8, 9], 6000);
const freshTest = withLabels(test, [5, 6, 7, 8, 9], sized(10_000, 100));

const body = () => [
  layers.rescaling({ scale: 1 / 255 }),
  layers.flatten(),
  ...[100, 100, 100].map((units) => layers.dense({ units, activation: "elu", kernelInitializer: "heNormal" })),
];
const head = () => layers.dense({ units: 5, activation: "softmax" });

async function learn(
  model: Model,
  { x, y }: Rows,
  epochs: number,
  learningRate: number,
  cacheFrozen = false,
): Promise<Model> {
  model.compile({
    optimizer: optimizers.adam({ learningRate }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  await model.fit(x, y, { epochs, cacheFrozen, verbose: 0 });
  return model;
}

const original = sequential(body(), { inputShape: [28, 28], seed: 42, name: "body" });
const first = await learn(sequential([original, head()], { seed: 42 }), known, sized(5, 1), 1e-3);
console.log(
  `the digits 0 to 4: accuracy ${percent(first.evaluate(known.x, known.y)["accuracy"]!)} on what it has learnt`,
);
const before = original.getWeights();

/** At least 400 steps, however few the labels. */
const epochsFor = ({ y }: Rows): number => sized(Math.max(30, Math.ceil(400 / Math.ceil(y.length / 32))), 2);
const ways: Record<string, (few: Rows, seed: number) => Promise<Model>> = {
  "from scratch": (few, seed) =>
    learn(sequential([...body(), head()], { inputShape: [28, 28], seed }), few, epochsFor(few), 1e-3),
  frozen: (few, seed) => {
    const copy = original.clone();
    copy.trainable = false;
    return learn(sequential([copy, head()], { seed }), few, epochsFor(few), 1e-3, true);
  },
  "fine-tuned": async (few, seed) => {
    const copy = original.clone();
    copy.trainable = false;
    const model = await learn(sequential([copy, head()], { seed }), few, epochsFor(few) / 2, 1e-3, true);
    copy.trainable = true;
    return learn(model, few, epochsFor(few) / 2, 1e-4);
  },
};

const values: { way: string; labels: number; accuracy: number }[] = [];
for (const labels of [10, 30, 100, 300, 1000].slice(0, sized(5, 2))) {
  for (const [way, train] of Object.entries(ways)) {
    const accuracies: number[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const from = (seed - 1) * 1000;
      const few = {
        x: fresh.x.data.subarray(from * 784, (from + labels) * 784),
        y: fresh.y.subarray(from, from + labels),
      };
      const model = await train(few as never, seed);
      accuracies.push(model.evaluate(freshTest.x, freshTest.y)["accuracy"]!);
      model.dispose();
    }
    const { mean, std } = meanAndStd(accuracies);
    values.push({ way, labels, accuracy: mean });
    console.log(`${labels} labels, ${way}: ${percent(mean)} ± ${percent(std)}`);
  }
}
const same = [...original.getWeights()].every(([name, { data }]) =>
  data.every((value, i) => value === before.get(name)!.data[i]),
);
console.log(`the original's weights are ${same ? "the same, to the bit" : "CHANGED"}`);

await savePicture("transfer-learning", {
  title: {
    text: "From the digits 0-4 to 5-9",
    subtitle: `MNIST test accuracy by number of labelled images; mean of ${SEEDS} seeds`,
  },
  data: { values },
  width: 420,
  height: 260,
  mark: { type: "line", point: true },
  encoding: {
    x: { field: "labels", type: "quantitative", scale: { type: "log" }, title: "labelled images" },
    y: { field: "accuracy", type: "quantitative", scale: { zero: false }, axis: { format: "%" } },
    color: { field: "way", type: "nominal", title: null, sort: null },
  },
});
