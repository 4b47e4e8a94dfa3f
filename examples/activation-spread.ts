/**
 * Initialization: the spread of the activations in each of 20 ReLU and tanh layers of 100 units, by initializer. The one
 * made for the activation keeps it; others let it vanish or explode.
 */
import { functional, input, layers, type Tensor } from "lanewise";
import { meanAndStd, rowsOf } from "./support/gallery.js";
import { loadMnist } from "./support/mnist.js";
import { savePicture } from "./support/picture.js";

const DEPTH = 20;
const { x } = rowsOf(loadMnist().train, 200);
const values: { activation: string; initializer: string; layer: number; spread: number }[] = [];
for (const activation of ["relu", "tanh"] as const) {
  for (const initializer of ["heNormal", "glorotNormal", "leCunNormal", "randomNormal", "orthogonal"] as const) {
    const start = input({ shape: [28, 28] });
    // Mean 0 and variance 1, as the initializers assume.
    let node = layers.rescaling({ scale: 1 / 78.6, offset: -0.424 }).apply(layers.flatten().apply(start));
    const outputs = Array.from(
      { length: DEPTH },
      () => (node = layers.dense({ units: 100, activation, kernelInitializer: initializer }).apply(node)),
    );
    const model = functional({ inputs: start, outputs, seed: 1 });
    const spreads = (model.predict(x) as unknown as Tensor[]).map(({ data }) => meanAndStd(data).std);
    spreads.forEach((spread, i) => values.push({ activation, initializer, layer: i + 1, spread }));
    console.log(
      `${activation}, ${initializer}: ${spreads[0]!.toPrecision(2)} in layer 1, ${spreads.at(-1)!.toPrecision(2)} in layer ${DEPTH}`,
    );
    model.dispose();
  }
}

await savePicture("activation-spread", {
  title: {
    text: "Spread of the activations, by initializer",
    subtitle: "standard deviation over units and 200 MNIST images",
  },
  data: { values },
  facet: { column: { field: "activation", type: "nominal", title: null } },
  spec: {
    width: 300,
    height: 260,
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "layer", type: "quantitative" },
      y: {
        field: "spread",
        type: "quantitative",
        scale: { type: "log" },
        axis: { format: "~e" },
        title: "standard deviation",
      },
      color: { field: "initializer", type: "nominal", title: null, sort: null },
    },
  },
});
