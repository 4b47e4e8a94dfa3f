/** A dense layer and its transpose, as one function of the shared kernel, in float64. */
import { expect, test } from "vitest";
import { layers } from "../../src/layers/index.js";
import { functional, input } from "../../src/models/functional.js";
import { eachBuild } from "../builds.js";
import { expectClose } from "../closeness.js";
import { seeded } from "../guarded.js";
import { layerReferences, type Values } from "../reference/layers.js";

const F32 = { relative: 2e-5, absolute: 3e-6 };
const STEP = 1e-5;

const [ROWS, INPUTS, UNITS] = [5, 7, 3];

/** Mean over rows and values of (y - x)², y = tanh(x W + b) W' + c. */
function tiedLoss(x: Values, kernel: Values, bias: Values, other: Values): number {
  const transposed = Array.from(
    { length: kernel.length },
    (_, i) => kernel[(i % INPUTS) * UNITS + Math.floor(i / INPUTS)]!,
  );
  const encode = layerReferences["dense"]!({ units: UNITS, activation: "tanh" }, [[ROWS, INPUTS]]);
  const decode = layerReferences["dense"]!({ units: INPUTS }, [[ROWS, UNITS]]);
  const y = decode.forward([encode.forward([x], { kernel, bias })], { kernel: transposed, bias: other });
  return y.reduce((sum, value, i) => sum + (value - x[i]!) ** 2, 0) / y.length;
}

eachBuild("denseTranspose", (engine) => {
  const next = seeded(3);
  const random = (n: number): number[] => Array.from({ length: n }, () => Math.fround(2 * next() - 1));
  const x = random(ROWS * INPUTS);
  const weights = { kernel: random(INPUTS * UNITS), bias: random(UNITS), other: random(INPUTS) };

  function build(useBias = true) {
    const start = input({ shape: [INPUTS] });
    const encoder = layers.dense({ units: UNITS, activation: "tanh", name: "encoder" });
    const decoder = layers.denseTranspose({ of: encoder, useBias, name: "decoder" });
    const model = functional({ inputs: start, outputs: decoder.apply(encoder.apply(start)), engine, seed: 1 });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    model.setWeights(toWeights(useBias));
    return { model, encoder, decoder };
  }

  const toWeights = (useBias: boolean) => ({
    "encoder/kernel": Float32Array.from(weights.kernel),
    "encoder/bias": Float32Array.from(weights.bias),
    ...(useBias ? { "decoder/bias": Float32Array.from(weights.other) } : {}),
  });

  test("the kernel gets the gradients of both uses", () => {
    const { model } = build();
    const { kernel, bias, other } = weights;
    const found = model.gradients(Float32Array.from(x), Float32Array.from(x));
    const slopes = (values: Values, loss: (moved: Values) => number): number[] =>
      values.map((value, i) => (loss(values.with(i, value + STEP)) - loss(values.with(i, value - STEP))) / (2 * STEP));
    const close = (name: string, want: Values) => expectClose(found.get(name)!.data, want, { ...F32, label: name });
    close(
      "encoder/kernel",
      slopes(kernel, (moved) => tiedLoss(x, moved, bias, other)),
    );
    close(
      "encoder/bias",
      slopes(bias, (moved) => tiedLoss(x, kernel, moved, other)),
    );
    close(
      "decoder/bias",
      slopes(other, (moved) => tiedLoss(x, kernel, bias, moved)),
    );
    expect(found.size).toBe(3);
    const { loss } = model.evaluate(Float32Array.from(x), Float32Array.from(x)) as { loss: number };
    expectClose([loss], [tiedLoss(x, kernel, bias, other)], { ...F32, label: "loss" });
    model.dispose();
  });

  test("without a bias of its own it has no parameters", () => {
    const { model, decoder } = build(false);
    expect(decoder.parameters).toEqual([]);
    expect(model.countParams()).toBe(INPUTS * UNITS + UNITS);
    const { loss } = model.evaluate(Float32Array.from(x), Float32Array.from(x)) as { loss: number };
    const expected = tiedLoss(x, weights.kernel, weights.bias, new Array<number>(INPUTS).fill(0));
    expectClose([loss], [expected], { ...F32, label: "loss" });
    model.dispose();
  });

  test("a clone is tied to its own dense layer", () => {
    const { model } = build();
    const copy = model.clone();
    const before = copy.predict(Float32Array.from(x)).data;
    model.dispose();
    expect(copy.predict(Float32Array.from(x)).data).toEqual(before);
    copy.dispose();
    expect(engine.arena.usedBytes).toBe(0);
  });
});
