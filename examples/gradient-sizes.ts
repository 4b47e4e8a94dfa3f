/**
 * Vanishing gradients: the size of the gradient in each of 20 layers of 100 units, for MNIST images, at the start of the
 * training. Sigmoid with Glorot weights loses a factor of about 5 in each layer; ReLU with He weights keeps the size.
 */
import { gradientReport, initializers, layers, sequential } from "lanewise";
import { rowsOf } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { savePicture } from "./support/picture.js";

const { x, y } = rowsOf(loadMnist().train, 256);
const setups = [
  { name: "sigmoid, Glorot", activation: "sigmoid", weights: initializers.glorotUniform() },
  { name: "sigmoid, N(0, 1)", activation: "sigmoid", weights: initializers.randomNormal({ stddev: 1 }) },
  { name: "tanh, Glorot", activation: "tanh", weights: initializers.glorotUniform() },
  { name: "ReLU, He", activation: "relu", weights: initializers.heNormal() },
] as const;

const values: { setup: string; layer: number; gradient: number }[] = [];
for (const { name, activation, weights } of setups) {
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
  model.compile({ optimizer: "sgd", loss: "sparseCategoricalCrossentropy" });
  const report = gradientReport(model, x, y);
  const sizes = report.layers.flatMap(({ meanAbsoluteGradient }) => meanAbsoluteGradient ?? []);
  sizes.forEach((gradient, i) => values.push({ setup: name, layer: i + 1, gradient }));
  console.log(`${name}: ${sizes[0]!.toExponential(1)} in layer 1, ${sizes.at(-1)!.toExponential(1)} in the output`);
  for (const warning of report.warnings) console.log(`  ${warning}`);
  model.dispose();
}

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
