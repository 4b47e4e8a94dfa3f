/** Dropout: training and validation loss of a net with more weights than its 2000 images call for, with and without it. */
import { layers, optimizers, sequential } from "lanewise";
import { percent, rowsOf, sized } from "./support/gallery.js";
import { loadFashionMnist } from "./support/fashion-mnist.js";
import { savePicture } from "./support/picture.js";

const data = loadFashionMnist();
const train = rowsOf(data.train, sized(2000, 200));
const test = rowsOf(data.test, sized(4000, 100));
const values: { dropout: string; epoch: number; loss: number; set: string }[] = [];
for (const rate of [0, 0.5]) {
  const block = (units: number) => [
    layers.dense({ units, activation: "relu", kernelInitializer: "heNormal" }),
    ...(rate > 0 ? [layers.dropout(rate)] : []),
  ];
  const model = sequential(
    [
      layers.rescaling({ scale: 1 / 255 }),
      layers.flatten(),
      ...block(256),
      ...block(256),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [28, 28], seed: 42 },
  );
  model.compile({
    optimizer: optimizers.adam({ learningRate: 1e-3 }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  const { history } = await model.fit(train.x, train.y, {
    epochs: sized(40, 2),
    validationData: [test.x, test.y],
    verbose: 0,
  });
  const name = rate > 0 ? `dropout ${rate}` : "without";
  for (const [set, losses] of [
    ["training", history["loss"]!],
    ["validation", history["val_loss"]!],
  ] as const)
    losses.forEach((loss, i) => values.push({ dropout: name, epoch: i + 1, loss, set }));
  const last = history["val_loss"]!.at(-1)!.toFixed(3);
  console.log(
    `${name}: training loss ${history["loss"]!.at(-1)!.toFixed(3)}, validation loss ${last}, validation accuracy ${percent(history["val_accuracy"]!.at(-1)!)}`,
  );
  model.dispose();
}

await savePicture("dropout", {
  title: { text: "Dropout against overfitting", subtitle: "2000 images of Fashion-MNIST, 784-256-256-10, Adam" },
  data: { values },
  width: 460,
  height: 260,
  mark: { type: "line" },
  encoding: {
    x: { field: "epoch", type: "quantitative" },
    y: { field: "loss", type: "quantitative" },
    color: { field: "dropout", type: "nominal", title: null, sort: null },
    strokeDash: { field: "set", type: "nominal", title: null, sort: null },
  },
});
