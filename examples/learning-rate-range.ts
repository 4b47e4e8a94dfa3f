/**
 * Learning-rate range test: the loss while the rate grows from step to step, the rate that this suggests, and three
 * short trainings: with the suggested rate, a tenth of it, and a hundred times as much.
 */
import { findLearningRate, layers, optimizers, sequential, type Model } from "lanewise";
import { rowsOf, sized } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { savePicture } from "./support/picture.js";

const { x, y } = rowsOf(loadMnist().train, sized(12_000, 640));
function net(learningRate: number): Model {
  const hidden = [300, 100].map((units) => layers.dense({ units, activation: "relu", kernelInitializer: "heNormal" }));
  const model = sequential(
    [
      layers.flatten(),
      layers.rescaling({ scale: 1 / 255 }),
      ...hidden,
      layers.dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [28, 28], seed: 42 },
  );
  model.compile({
    optimizer: optimizers.sgd({ learningRate, momentum: 0.9 }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

const curve = await findLearningRate(net(0.01), x, y, { iterations: sized(300, 40) });
const { suggestion, steepest, tenthOfBlowUp } = curve;
console.log(`steepest descent at ${steepest.toPrecision(2)}, a tenth of the blow-up ${tenthOfBlowUp.toPrecision(2)}`);
for (const factor of [0.1, 1, 100]) {
  const model = net(factor * suggestion);
  const { history } = await model.fit(x, y, { verbose: 0 });
  const accuracy = history["accuracy"]![0]!.toFixed(3);
  console.log(
    `rate ${(factor * suggestion).toPrecision(2)} (${factor} of the suggestion): accuracy ${accuracy} in the first epoch`,
  );
  model.dispose();
}

const start = curve.losses[0]!;
const values = [...curve.learningRates].map((rate, i) => ({ rate, loss: Math.min(curve.losses[i]!, 2 * start) }));
await savePicture("learning-rate-range", {
  title: {
    text: "Learning-rate range test",
    subtitle: `MNIST, SGD with momentum; suggestion ${suggestion.toPrecision(2)}`,
  },
  width: 520,
  height: 280,
  encoding: {
    x: { field: "rate", type: "quantitative", scale: { type: "log" }, axis: { format: "~e" }, title: "learning rate" },
  },
  layer: [
    {
      data: { values },
      mark: { type: "line", strokeWidth: 1.2 },
      encoding: { y: { field: "loss", type: "quantitative", title: "loss of the step" } },
    },
    { data: { values: [{ rate: suggestion }] }, mark: { type: "rule", color: "#c62828", strokeDash: [4, 3] } },
  ],
});
