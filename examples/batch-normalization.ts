/**
 * Batch normalization: the same deep sigmoid net with and without it, on MNIST; and the trained net with its
 * normalizations folded into the dense layers: the same predictions from fewer kernel calls.
 */
import { foldBatchNormalization, layers, optimizers, sequential, type Model } from "lanewise";
import { fastestOf, percent, rowsOf, sized } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { savePicture } from "./support/picture.js";

const data = loadMnist();
const train = rowsOf(data.train, sized(10_000, 320));
const test = rowsOf(data.test, sized(10_000, 100));

function net(normalized: boolean): Model {
  const block = (units: number) => [
    layers.dense({ units, useBias: !normalized }),
    ...(normalized ? [layers.batchNormalization({ momentum: 0.9 })] : []),
    layers.activation("sigmoid"),
  ];
  const model = sequential(
    [
      layers.rescaling({ scale: 1 / 255 }),
      layers.flatten(),
      ...[100, 100, 100, 100, 100].flatMap(block),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [28, 28], seed: 42 },
  );
  model.compile({
    optimizer: optimizers.sgd({ learningRate: 0.1, momentum: 0.9 }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

const values: { net: string; epoch: number; loss: number; set: string }[] = [];
for (const normalized of [false, true]) {
  const model = net(normalized);
  const name = normalized ? "with batch normalization" : "without";
  const { history } = await model.fit(train.x, train.y, {
    epochs: sized(8, 2),
    validationData: [test.x, test.y],
    verbose: 0,
  });
  history["loss"]!.forEach((loss, i) => values.push({ net: name, epoch: i + 1, loss, set: "training" }));
  history["val_loss"]!.forEach((loss, i) => values.push({ net: name, epoch: i + 1, loss, set: "test" }));
  console.log(`${name}: test accuracy ${percent(history["val_accuracy"]!.at(-1)!)}`);
  if (!normalized) continue;
  const folded = foldBatchNormalization(model);
  const [a, b] = [model.predict(test.x).data, folded.predict(test.x).data];
  const difference = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
  console.log(
    `folded: ${folded.report.folded.length} layers less, predictions differ by ${difference.toPrecision(1)} at most`,
  );
  for (const batch of [1, 32]) {
    const { x } = rowsOf(data.test, batch);
    const runs = [model, folded].map((predictor) => () => predictor.predict(x));
    const [before, after] = (await fastestOf(runs, sized(300, 5), sized(40, 2))) as [number, number];
    const times = `${(1000 * before).toFixed(1)} us, folded ${(1000 * after).toFixed(1)} us`;
    console.log(`a prediction of ${batch} takes ${times}: ${percent(after / before, 0)}`);
  }
}

await savePicture("batch-normalization", {
  title: {
    text: "A sigmoid net of 5 layers, with and without batch normalization",
    subtitle: "MNIST, SGD with momentum",
  },
  data: { values },
  width: 460,
  height: 260,
  mark: { type: "line" },
  encoding: {
    x: { field: "epoch", type: "quantitative", axis: { tickMinStep: 1, format: "d" } },
    y: { field: "loss", type: "quantitative" },
    color: { field: "net", type: "nominal", title: null, sort: null },
    strokeDash: { field: "set", type: "nominal", title: null, sort: null },
  },
});
