/** The float64 layers against central differences of themselves, and against Keras. */
import { describe, expect, test } from "vitest";
import { expectClose } from "../closeness.js";
import { goldenLayers, titleOf, type GoldenLayer } from "../golden/layers.js";
import { layerReferences, type Values } from "./layers.js";

const STEP = 1e-6;
/** Of the difference quotients: their own error is about 1e-16 / STEP. */
const DIFFERENCE = { relative: 1e-6, absolute: 1e-7 };
/** Keras computes in f32: the cancelling differences of normalization lose the most. */
const KERAS = { relative: 1e-5, absolute: 5e-6 };

function parts({ kind, options, inputs, weights, upstream }: GoldenLayer) {
  const reference = layerReferences[kind]!(
    options,
    inputs.map(({ shape }) => shape),
  );
  const w = Object.fromEntries(
    Object.entries(weights).map(([name, { values }]) => [name.replace("layer/", ""), values]),
  );
  return { reference, x: inputs.map(({ values }) => values), w, upstream };
}

describe.each(goldenLayers.map((golden) => [titleOf(golden), golden] as const))("%s", (_, golden) => {
  const { reference, x, w, upstream } = parts(golden);
  const { dx, dw } = reference.backward(x, w, upstream);

  test("has the gradient of its differences", () => {
    const slope = (at: (shift: number) => [readonly Values[], Record<string, Values>]): number => {
      const [above, below] = [at(STEP), at(-STEP)];
      const y = reference.forward(...below);
      // Differences of each output before their sum: outputs of very different size must not hide each other.
      const rise = reference.forward(...above).reduce((sum, value, i) => sum + (value - y[i]!) * upstream[i]!, 0);
      const penalty = (reference.penalty?.(...above) ?? 0) - (reference.penalty?.(...below) ?? 0);
      return (rise + penalty) / (2 * STEP);
    };
    const shifted = (values: Values, i: number, by: number) => values.with(i, values[i]! + by);
    x.forEach((input, j) => {
      const slopes = input.map((_, i) => slope((by) => [x.with(j, shifted(input, i, by)), w]));
      expectClose(dx[j]!, slopes, { ...DIFFERENCE, label: `input ${j}` });
    });
    for (const name of Object.keys(dw)) {
      const slopes = w[name]!.map((_, i) => slope((by) => [x, { ...w, [name]: shifted(w[name]!, i, by) }]));
      expectClose(dw[name]!, slopes, { ...DIFFERENCE, label: name });
    }
  });

  test("equals Keras", () => {
    expect(reference.shape).toEqual(golden.output.shape);
    expectClose(reference.forward(x, w), golden.output.values, { ...KERAS, label: "output" });
    if (golden.inference) expectClose(reference.inference!(x, w), golden.inference, { ...KERAS, label: "inference" });
    expectClose([reference.penalty?.(x, w) ?? 0], [golden.penalty], { ...KERAS, label: "penalty" });
    golden.inputGradients.forEach((gradient, j) => expectClose(dx[j]!, gradient, { ...KERAS, label: `input ${j}` }));
    expect(
      Object.keys(dw)
        .map((name) => `layer/${name}`)
        .sort(),
    ).toEqual(Object.keys(golden.gradients).sort());
    for (const [name, gradient] of Object.entries(golden.gradients)) {
      expectClose(dw[name.replace("layer/", "")]!, gradient, { ...KERAS, label: name });
    }
    const after = reference.after?.(x, w) ?? w;
    for (const [name, values] of Object.entries(golden.after)) {
      expectClose(after[name.replace("layer/", "")]!, values, { ...KERAS, label: name });
    }
  });
});

test("every layer that draws no random numbers is in the goldens", () => {
  expect(new Set(goldenLayers.map(({ kind }) => kind))).toEqual(new Set(Object.keys(layerReferences)));
});
