/** Every layer against Keras: output, gradients by inputs and weights, penalty and state, in training and inference. */
import { describe, expect, test } from "vitest";
import { layers } from "../../src/layers/index.js";
import type { Normalization } from "../../src/layers/normalization.js";
import { functional, input } from "../../src/models/functional.js";
import { optimizers } from "../../src/optimizers/index.js";
import type { Engine } from "../../src/runtime/engine.js";
import { tensor, type Tensor } from "../../src/tensor.js";
import { eachBuild } from "../builds.js";
import { expectClose } from "../closeness.js";
import { goldenLayers, titleOf, type GoldenLayer } from "../golden/layers.js";
import { layerOf } from "../golden/nets.js";
import { Leaf } from "./leaf.js";

/** Both sides compute in f32. */
const KERAS = { relative: 1e-5, absolute: 5e-6 };

/** The layer on leaves, which are the inputs as parameters, so that their gradients are seen; the loss is Σ y upstream. */
function run(engine: Engine, { kind, options, inputs, weights, adapt, ...golden }: GoldenLayer) {
  const rows = golden.output.shape[0]!;
  const dummy = input({ shape: [1] });
  const leaves = inputs.map(({ shape }, j) => new Leaf(`x${j}`, rows, shape.slice(1)).apply(dummy));
  const layer = layerOf({ kind, name: "layer", options });
  if (adapt) (layer as Normalization).adapt(tensor(adapt.values, adapt.shape));
  const model = functional({ inputs: dummy, outputs: layer.apply(leaves), engine, seed: 1 });
  const given = new Map(inputs.map(({ shape, values }, j) => [`x${j}/value`, tensor(values, shape)]));
  if (!adapt) for (const [name, { values, shape }] of Object.entries(weights)) given.set(name, tensor(values, shape));
  expect(model.setWeights(given).unexpected).toEqual([]);

  let output: Tensor | undefined;
  /** A model's loss is the mean over rows: hence the factor. */
  const sumOfProducts = (slopes: Tensor, y: Tensor) => {
    output = y;
    const width = y.size / rows;
    const value = new Float64Array(rows);
    y.data.forEach((each, i) => (value[Math.floor(i / width)]! += rows * each * slopes.data[i]!));
    return { value, gradient: slopes.data.map((slope) => rows * slope) };
  };
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: sumOfProducts });
  const x = new Float32Array(rows);
  const upstream = tensor(golden.upstream, golden.output.shape);
  const inference = model.predict(x) as Tensor;
  const gradients = model.gradients(x, upstream);
  const before = model.getWeights();
  const loss = model.trainOnBatch(x, upstream)["loss"]!;
  const after = model.getWeights();
  model.dispose();
  return { output: output!, inference, gradients, before, after, loss };
}

eachBuild("layers as Keras", (engine) => {
  describe.each(goldenLayers.map((golden) => [titleOf(golden), golden] as const))("%s", (_, golden) => {
    const { output, inference, gradients, before, after, loss } = run(engine, golden);

    test("output", () => {
      expect(output.shape).toEqual(golden.output.shape);
      expectClose(output.data, golden.output.values, KERAS);
      expectClose(inference.data, golden.inference ?? golden.output.values, { ...KERAS, label: "inference" });
    });

    test("penalty", () => {
      const total = golden.output.values.reduce((sum, y, i) => sum + y * golden.upstream[i]!, golden.penalty);
      expectClose([loss], [total], { relative: 1e-5, absolute: 2e-5 });
    });

    test("gradients", () => {
      golden.inputGradients.forEach((gradient, j) => {
        expectClose(gradients.get(`x${j}/value`)!.data, gradient, { ...KERAS, label: `input ${j}` });
      });
      const names = [...gradients.keys()].filter((name) => name.startsWith("layer/"));
      expect(names.sort()).toEqual(Object.keys(golden.gradients).sort());
      for (const name of names) {
        expectClose(gradients.get(name)!.data, golden.gradients[name]!, { ...KERAS, label: name });
      }
    });

    test("state", () => {
      for (const [name, { values }] of Object.entries(golden.weights)) {
        expectClose(before.get(name)!.data, values, { ...KERAS, label: name });
      }
      for (const [name, { data }] of after) {
        expectClose(data, golden.after[name] ?? before.get(name)!.data, { ...KERAS, label: `${name} after` });
      }
    });
  });
});

/** Layers that Keras cannot tell: they draw random numbers, or Keras has none of the kind. */
const WITHOUT_GOLDEN = ["dropout", "alphaDropout", "gaussianDropout", "gaussianNoise", "rrelu", "denseTranspose"];

test("every layer is in the goldens but the named exceptions", () => {
  const known = Object.keys(layers).filter((kind) => !WITHOUT_GOLDEN.includes(kind));
  expect(new Set(goldenLayers.map(({ kind }) => kind))).toEqual(new Set(known));
});
