/**
 * Activations: the curve of each function and of its derivative, as the kernels compute them. The derivative comes from
 * the backward pass: a layer whose biases are the points has f'(point) as the gradient of the sum of its outputs.
 */
import { layers, sequential, tensor, type ActivationName } from "lanewise";
import { savePicture } from "./support/picture.js";

const names = [
  "sigmoid", "tanh", "softsign", "hardSigmoid", "relu", "relu6", "leakyRelu", "elu", "selu", "celu",
  "gelu", "geluTanh", "silu", "mish", "hardSilu", "softplus", "exponential", "abs",
] as const satisfies readonly ActivationName[]; // prettier-ignore
const STEP = 0.025;
const points = Float32Array.from({ length: 440 }, (_, i) => -4 + (i + 0.5) * STEP);
/** The sum of the outputs, whose gradient is 1 everywhere. */
const sum = (_: unknown, { data }: { data: Float32Array }) => ({
  value: Float32Array.of(data.reduce((a, b) => a + b, 0)),
  gradient: new Float32Array(data.length).fill(1),
});

const values: { name: string; x: number; y: number; curve: string }[] = [];
let worst = { name: "", error: 0 };
for (const name of names) {
  const model = sequential([layers.dense({ units: points.length, activation: name })], { inputShape: [1], seed: 1 });
  model.setWeights({ "dense/bias": points });
  model.compile({ optimizer: "sgd", loss: sum as never });
  const zero = tensor(new Float32Array(1), [1, 1]);
  const y = model.predict(zero).data;
  const slope = model
    .gradients(zero, tensor(new Float32Array(points.length), [1, points.length]))
    .get("dense/bias")!.data;
  points.forEach((x, i) => {
    values.push({ name, x, y: y[i]!, curve: "f" }, { name, x, y: slope[i]!, curve: "f'" });
    // Points next to a kink have no central difference.
    if (i === 0 || i === points.length - 1 || Math.abs(slope[i + 1]! - slope[i - 1]!) > 0.1) return;
    const error = Math.abs((y[i + 1]! - y[i - 1]!) / (2 * STEP) - slope[i]!) / Math.max(1, Math.abs(slope[i]!));
    if (error > worst.error) worst = { name, error };
  });
  model.dispose();
}
console.log(
  `${names.length} activations; backward pass and central differences agree to ${worst.error.toPrecision(1)} (${worst.name})`,
);

await savePicture("activation-curves", {
  title: { text: "Activations and their derivatives" },
  data: { values },
  facet: { field: "name", type: "nominal", title: null, sort: [...names] },
  columns: 6,
  spec: {
    width: 120,
    height: 100,
    mark: { type: "line", clip: true },
    encoding: {
      x: { field: "x", type: "quantitative", title: null },
      y: { field: "y", type: "quantitative", scale: { domain: [-2, 7] }, title: null },
      color: { field: "curve", type: "nominal", title: null },
    },
  },
});
