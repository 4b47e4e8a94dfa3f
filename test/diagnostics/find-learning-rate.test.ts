import { describe, expect, it } from "vitest";
import { readCurve } from "../../src/diagnostics/find-learning-rate.js";
import { findLearningRate, layers, optimizers, sequential, tensor, type Tensor } from "../../src/index.js";
import type { Model } from "../../src/models/model.js";
import { eachBuild } from "../builds.js";
import { seeded } from "../guarded.js";

eachBuild("findLearningRate", (engine) => {
  const random = seeded(6);
  const x = tensor(
    Float32Array.from({ length: 96 * 8 }, () => random() - 0.5),
    [96, 8],
  );
  const y = Float32Array.from({ length: 96 }, (_, r) => x.at(r, 0) - 2 * x.at(r, 3));

  let failAt = Infinity;
  let evaluations = 0;
  function lossOfOwn(t: Tensor, p: Tensor): { value: Float32Array; gradient: Float32Array } {
    if (++evaluations === failAt) throw new Error("the loss failed");
    return { value: p.data.map((v, i) => (v - t.data[i]!) ** 2), gradient: p.data.map((v, i) => 2 * (v - t.data[i]!)) };
  }

  const learningRate = (step: number): number => 0.01 / (1 + step);
  function net(own = false): Model {
    const model = sequential(
      [
        layers.dense({ units: 12, activation: "elu" }),
        layers.batchNormalization(),
        layers.dropout(0.2),
        layers.dense(1),
      ],
      { inputShape: [8], seed: 5, engine },
    );
    const loss = own ? lossOfOwn : "meanSquaredError";
    model.compile({ optimizer: optimizers.nadam({ learningRate, useEma: true }), loss });
    return model;
  }

  /** Everything that the next step depends on. */
  const stateOf = (model: Model): unknown => ({
    weights: [...model.getWeights()].map(([name, { data }]) => [name, [...data]]),
    optimizer: model.optimizer.export(),
    rate: model.optimizer.learningRate,
    counters: [model.steps, model.epochs],
  });

  it("leaves the model as it was to the bit, new or trained, and training goes on as if it had not been there", async () => {
    for (const epochs of [0, 2]) {
      const [tested, untouched] = [net(), net()];
      for (const model of [tested, untouched]) await model.fit(x, y, { epochs, verbose: 0 });
      if (epochs > 0) for (const model of [tested, untouched]) model.optimizer.override("beta1", 0.8);
      const before = stateOf(tested);
      const { losses } = await findLearningRate(tested, x, y, { iterations: 40 });
      expect(losses.length).toBeGreaterThan(10);
      expect(stateOf(tested)).toEqual(before);
      await tested.fit(x, y, { epochs: 2, verbose: 0 });
      await untouched.fit(x, y, { epochs: 2, verbose: 0 });
      expect(stateOf(tested)).toEqual(stateOf(untouched));
      tested.dispose();
      untouched.dispose();
    }
  });

  it("leaves it so after an exception in the middle, too", async () => {
    const model = net(true);
    await model.fit(x, y, { verbose: 0 });
    const before = stateOf(model);
    evaluations = 0;
    failAt = 8;
    await expect(findLearningRate(model, x, y, { iterations: 30 })).rejects.toThrow("the loss failed");
    expect(evaluations).toBe(8);
    failAt = Infinity;
    expect(stateOf(model)).toEqual(before);
    model.dispose();
  });

  it("sweeps from the first rate to the last in equal ratios, and stops where the loss is no number", async () => {
    const model = net();
    const { learningRates } = await findLearningRate(model, x, y, {
      minLearningRate: 1e-6,
      maxLearningRate: 1e-3,
      iterations: 31,
    });
    expect(learningRates[0]).toBe(1e-6);
    expect(learningRates[30]).toBeCloseTo(1e-3, 8);
    expect(learningRates[10]! / learningRates[0]!).toBeCloseTo(10, 6);
    const diverging = sequential([layers.dense({ units: 1 })], { inputShape: [8], seed: 5, engine });
    diverging.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const { losses } = await findLearningRate(diverging, x, y, { maxLearningRate: 1e9, iterations: 100 });
    expect(losses.length).toBeLessThan(100);
    model.dispose();
    diverging.dispose();
  });

  it("refuses what would not work", async () => {
    const model = net();
    await expect(findLearningRate(model, x, y, { minLearningRate: 1, maxLearningRate: 0.1 })).rejects.toThrow(
      /maxLearningRate must be .*\(1, Infinity\)/,
    );
    model.trainable = false;
    await expect(findLearningRate(model, x, y)).rejects.toThrow(/some layer must be trainable/);
    const raw = sequential([layers.dense(1)], { inputShape: [8], engine });
    await expect(findLearningRate(raw, x, y)).rejects.toThrow(/not compiled/);
  });
});

describe("the curve's suggestion", () => {
  const rates = Float64Array.from({ length: 200 }, (_, i) => 1e-5 * 10 ** ((6 * i) / 199));
  const near = (got: number, want: number): void => expect(Math.abs(Math.log10(got / want))).toBeLessThan(0.25);

  it("is the steepest descent, or a tenth of the blow-up where that is smaller", () => {
    // Falls fastest at 1e-3 (a logistic in log10 of the rate), blows up above 0.3.
    const curve = (width: number): Float64Array =>
      rates.map((rate) => {
        const fall = 2 / (1 + Math.exp((Math.log10(rate) + 3) / width));
        return 0.3 + fall + (rate > 0.3 ? 20 * Math.log10(rate / 0.3) : 0);
      });
    const found = readCurve(rates, curve(0.3));
    near(found.steepest, 1e-3);
    // Smoothing sees it up to half a decade early: the safe side.
    expect(found.tenthOfBlowUp).toBeGreaterThan(0.01);
    expect(found.tenthOfBlowUp).toBeLessThan(0.031);
    expect(found.suggestion).toBe(found.steepest);
  });

  it("is the tenth of the blow-up where the steepest point is too near to it", () => {
    const losses = rates.map((rate) =>
      rate < 0.01 ? 2.3 : rate < 0.1 ? 2.3 + Math.log10(rate / 0.01) * -2 : rate < 0.3 ? 0.3 : 50,
    );
    const found = readCurve(rates, losses);
    expect(found.steepest).toBeGreaterThan(found.tenthOfBlowUp);
    expect(found.suggestion).toBe(found.tenthOfBlowUp);
  });

  it("looks only at the part before NaN", () => {
    const losses = rates.map((rate) => (rate > 0.1 ? NaN : 2 - Math.log10(rate / 1e-5) / 3));
    const found = readCurve(rates, losses);
    near(found.tenthOfBlowUp, 0.01);
    expect(Number.isFinite(found.suggestion)).toBe(true);
  });
});
