/**
 * Optimizers: their paths down a narrow 2-D valley, f(x, y) = x² / 20 + y², each attached to two numbers of our own; and
 * the loss of the same net, with the same weights and batches, trained by each.
 */
import { layers, optimizers, sequential } from "lanewise";
import { rowsOf, sized } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { savePicture } from "./support/picture.js";

const valley = {
  SGD: optimizers.sgd({ learningRate: 0.9 }),
  momentum: optimizers.sgd({ learningRate: 0.1, momentum: 0.9 }),
  Nesterov: optimizers.sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
  AdaGrad: optimizers.adagrad({ learningRate: 1.5 }),
  RMSProp: optimizers.rmsprop({ learningRate: 0.2 }),
  Adam: optimizers.adam({ learningRate: 0.3 }),
  Nadam: optimizers.nadam({ learningRate: 0.3 }),
  Lion: optimizers.lion({ learningRate: 0.15 }),
};
const paths: { optimizer: string; step: number; x: number; y: number }[] = [];
for (const [optimizer, specification] of Object.entries(valley)) {
  const theta = Float32Array.of(-7, 2);
  const run = specification.attach([theta]);
  for (let step = 0; step <= 60; step++) {
    paths.push({ optimizer, step, x: theta[0]!, y: theta[1]! });
    run.step([Float32Array.of(theta[0]! / 10, 2 * theta[1]!)]);
  }
  const height = theta[0]! ** 2 / 20 + theta[1]! ** 2;
  console.log(`${optimizer}: f = ${height.toPrecision(2)} after 61 steps, from 6.5`);
}

const { x, y } = rowsOf(loadMnist().train, sized(6400, 320));
const names = ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamax", "nadam", "adamW", "lion"] as const;
const curves: { optimizer: string; step: number; loss: number }[] = [];
for (const name of names) {
  const model = sequential(
    [
      layers.flatten(),
      layers.rescaling({ scale: 1 / 255 }),
      layers.dense({ units: 100, activation: "relu", kernelInitializer: "heNormal" }),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [28, 28], seed: 42 },
  );
  model.compile({ optimizer: name, loss: "sparseCategoricalCrossentropy" });
  const onBatchEnd = (batch: number, logs: Record<string, number>): void => {
    if (batch % 4 === 3) curves.push({ optimizer: name, step: batch + 1, loss: logs["loss"]! });
  };
  const { history } = await model.fit(x, y, { callbacks: [{ onBatchEnd }], verbose: 0 });
  console.log(`${name}, default rate: mean loss of the first epoch ${history["loss"]![0]!.toFixed(3)}`);
  model.dispose();
}

const color = { field: "optimizer", type: "nominal", title: null, sort: null } as const;
await savePicture("optimizers", {
  title: { text: "Optimizers", subtitle: "left: paths down a valley; right: mean loss so far on MNIST, default rates" },
  hconcat: [
    {
      data: { values: paths },
      facet: { field: "optimizer", type: "nominal", title: null, sort: Object.keys(valley) },
      columns: 2,
      spec: {
        width: 200,
        height: 70,
        mark: { type: "line", point: { size: 10 } },
        encoding: {
          x: { field: "x", type: "quantitative", title: null },
          y: { field: "y", type: "quantitative", title: null },
          order: { field: "step" },
        },
      },
    },
    {
      width: 320,
      height: 360,
      data: { values: curves },
      mark: "line",
      encoding: {
        x: { field: "step", type: "quantitative" },
        y: { field: "loss", type: "quantitative", scale: { type: "log", domain: [0.5, 3], nice: false } },
        color,
      },
    },
  ],
  resolve: { scale: { color: "independent" } },
});
