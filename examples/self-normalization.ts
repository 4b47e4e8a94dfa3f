/**
 * Self-normalization: mean and standard deviation of the activations in each of 60 layers. SELU with LeCun weights and
 * alpha dropout keeps them at 0 and 1; ReLU with He weights does not.
 */
import { functional, input, layers, type Tensor } from "lanewise";
import { meanAndStd, rowsOf } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { savePicture } from "./support/picture.js";

const DEPTH = 60;
const { x } = rowsOf(loadMnist().train, 300);
const nets = [
  { name: "SELU, LeCun", activation: "selu", initializer: "leCunNormal" },
  { name: "ELU, He", activation: "elu", initializer: "heNormal" },
  { name: "ReLU, He", activation: "relu", initializer: "heNormal" },
  { name: "tanh, Glorot", activation: "tanh", initializer: "glorotNormal" },
] as const;
const values: { net: string; layer: number; value: number; statistic: string }[] = [];
for (const { name, activation, initializer } of nets) {
  const start = input({ shape: [28, 28] });
  const normal = layers.normalization();
  normal.adapt(x);
  let node = layers.flatten().apply(normal.apply(start));
  const outputs = Array.from(
    { length: DEPTH },
    () => (node = layers.dense({ units: 100, activation, kernelInitializer: initializer }).apply(node)),
  );
  const model = functional({ inputs: start, outputs, seed: 3 });
  const found = (model.predict(x) as unknown as Tensor[]).map(({ data }) => meanAndStd(data));
  found.forEach(({ mean, std }, i) => {
    values.push({ net: name, layer: i + 1, value: mean, statistic: "mean" });
    values.push({ net: name, layer: i + 1, value: std, statistic: "standard deviation" });
  });
  const { mean, std } = found.at(-1)!;
  console.log(`${name}: mean ${mean.toFixed(2)}, standard deviation ${std.toFixed(2)} in layer ${DEPTH}`);
  model.dispose();
}

await savePicture("self-normalization", {
  title: { text: "Self-normalization through 60 layers of 100", subtitle: "300 standardized MNIST images" },
  data: { values },
  facet: { column: { field: "statistic", type: "nominal", title: null } },
  spec: {
    width: 300,
    height: 240,
    mark: { type: "line", clip: true },
    encoding: {
      x: { field: "layer", type: "quantitative" },
      y: { field: "value", type: "quantitative", title: null, scale: { domain: [-0.5, 4] } },
      color: { field: "net", type: "nominal", title: null, sort: null },
    },
  },
});
