/**
 * Vanishing gradients: the size of the gradient in each of 20 layers of 100 units, for MNIST images, at the start of the
 * training. Sigmoid with Glorot weights loses a factor of about 5 in each layer; ReLU with He weights keeps the size.
 */
import {
  callbacks,
  gradientReport,
  initializers,
  layers,
  optimizers,
  sequential,
  type ActivationName,
  type Model,
} from "lanewise";
import { fastestOf, percent, rowsOf, sized } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { savePicture } from "./support/picture.js";

const { x, y } = rowsOf(loadMnist().train, 256);
const setups = [
  { name: "sigmoid, Glorot", activation: "sigmoid", weights: initializers.glorotUniform() },
  { name: "sigmoid, N(0, 1)", activation: "sigmoid", weights: initializers.randomNormal({ stddev: 1 }) },
  { name: "tanh, Glorot", activation: "tanh", weights: initializers.glorotUniform() },
  { name: "ReLU, He", activation: "relu", weights: initializers.heNormal() },
] as const;

function net(
  { activation, weights }: { activation: ActivationName; weights: (typeof setups)[number]["weights"] },
  learningRate = 0.01,
): Model {
  const hidden = Array.from({ length: 20 }, () => layers.dense({ units: 100, activation, kernelInitializer: weights }));
  const model = sequential(
    [
      layers.flatten(),
      layers.rescaling({ scale: 1 / 255 }),
      ...hidden,
      layers.dense({ units: 10, activation: "softmax" }),
    ],
    { inputShape: [28, 28], seed: 42 },
  );
  model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: "sparseCategoricalCrossentropy" });
  return model;
}

const values: { setup: string; layer: number; gradient: number }[] = [];
for (const setup of setups) {
  const model = net(setup);
  const report = gradientReport(model, x, y);
  const sizes = report.layers.flatMap(({ meanAbsoluteGradient }) => meanAbsoluteGradient ?? []);
  sizes.forEach((gradient, i) => values.push({ setup: setup.name, layer: i + 1, gradient }));
  console.log(
    `${setup.name}: ${sizes[0]!.toExponential(1)} in layer 1, ${sizes.at(-1)!.toExponential(1)} in the output`,
  );
  console.log(`  ${report.warnings.join("\n  ") || "no warning"}`);
  model.dispose();
}

const wild = net(setups[3], 5);
const losses: number[] = [];
const onWarning = (warning: string) => console.log(`  before step ${losses.length} ends: ${warning}`);
const record = { onBatchEnd: (_: number, logs: Record<string, number>) => void losses.push(logs["loss"]!) };
console.log("ReLU, He, learning rate 5, no clipping, looked into every 50 steps:");
await wild.fit(x, y, {
  epochs: 2,
  batchSize: 32,
  callbacks: [callbacks.gradientMonitor({ onWarning }), record],
  verbose: 0,
});
console.log(
  `  the loss is ${losses.find((loss) => !Number.isFinite(loss))} from step ${losses.findIndex((loss) => !Number.isFinite(loss))} on`,
);

const calm = net(setups[3]);
const every = 2;
const train = rowsOf(loadMnist().train, sized(3200, 320));
const watched = { callbacks: [callbacks.gradientMonitor({ every, onWarning: () => {} })], verbose: 0 as const };
const [plain, monitored] = (await fastestOf(
  [() => calm.fit(train.x, train.y, { verbose: 0 }), () => calm.fit(train.x, train.y, watched)],
  sized(8, 1),
  1,
)) as [number, number];
const look = every * (monitored / plain - 1);
console.log(`looking into a step costs ${look.toFixed(1)} steps: ${percent(look / 50)} of the time, at every 50th`);

await savePicture("gradient-sizes", {
  title: {
    text: "Gradients in 20 layers of 100",
    subtitle: "mean absolute gradient of the kernel, first batch of MNIST",
  },
  data: { values },
  width: 520,
  height: 300,
  mark: { type: "line", point: true },
  encoding: {
    x: { field: "layer", type: "quantitative", title: "layer (21 is the output)" },
    y: { field: "gradient", type: "quantitative", scale: { type: "log" }, axis: { format: "~e" }, title: "gradient" },
    color: { field: "setup", type: "nominal", title: null, sort: null },
  },
});
