/** predictMC: its statistics against plain loops over the samples it kept, and what is random in it and what is not. */
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { functional, input, layers, sequential, type Model, type MonteCarloPrediction } from "../../src/index.js";
import { engineOf } from "../builds.js";
import { expectClose } from "../closeness.js";
import { fingerprint, labels, noise, take } from "./nets.js";

const engine = engineOf("baseline");
const x = noise(11, 5, 1);

/** f32 results of float64 sums. */
const CLOSE = { relative: 1e-5, absolute: 2e-7 };

let warn: ReturnType<typeof vi.spyOn>;
beforeEach(() => void (warn = vi.spyOn(console, "warn").mockImplementation(() => {})));
afterEach(() => warn.mockRestore());
afterAll(() => expect(engine.arena.usedBytes).toBe(0));

function net(activation: "softmax" | "sigmoid" | "linear" = "softmax", rate = 0.4): Model {
  const model = sequential(
    [
      layers.dense({ units: 12, activation: "relu" }),
      layers.batchNormalization({ momentum: 0.5 }),
      layers.dropout({ rate }),
      layers.dense({ units: 3, activation }),
    ],
    { inputShape: [5], seed: 4, engine },
  );
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  model.trainOnBatch(noise(8, 5, 2), noise(8, 3, 3)); // moving statistics that are not 0 and 1
  return model;
}

const plogp = (p: number): number => (p > 0 ? -p * Math.log(p) : 0);
const entropies = {
  softmax: (row: readonly number[]) => row.reduce((sum, p) => sum + plogp(p), 0),
  sigmoid: (row: readonly number[]) => row.reduce((sum, p) => sum + plogp(p) + plogp(1 - p), 0),
  linear: () => NaN,
};

/** The same statistics, plainly, from all samples. */
function plainly(samples: Float32Array, count: number, width: number, entropy: (row: readonly number[]) => number) {
  const size = samples.length / count;
  const at = (s: number, i: number) => samples[s * size + i]!;
  const over = (f: (s: number) => number) => [...Array(count).keys()].reduce((sum, s) => sum + f(s), 0) / count;
  const mean = Array.from({ length: size }, (_, i) => over((s) => at(s, i)));
  const std = mean.map((m, i) => Math.sqrt(over((s) => (at(s, i) - m) ** 2)));
  const rows = [...Array(size / width).keys()];
  const rowOf = (values: (i: number) => number, r: number) =>
    Array.from({ length: width }, (_, j) => values(r * width + j));
  const predictive = rows.map((r) => entropy(rowOf((i) => mean[i]!, r)));
  const expected = rows.map((r) => over((s) => entropy(rowOf((i) => at(s, i), r))));
  return { mean, std, entropy: predictive, mutualInformation: predictive.map((h, r) => h - expected[r]!) };
}

describe("statistics", () => {
  test.each(["softmax", "sigmoid", "linear"] as const)("of %s outputs are those of the kept samples", (activation) => {
    const model = net(activation);
    const result = model.predictMC(x, { samples: 37, keepSamples: true });
    expect([result.mean.shape, result.std.shape]).toEqual([
      [11, 3],
      [11, 3],
    ]);
    expect([result.entropy.shape, result.mutualInformation.shape]).toEqual([[11], [11]]);
    expect(result.samples!.shape).toEqual([37, 11, 3]);
    const wanted = plainly(result.samples!.data, 37, 3, entropies[activation]);
    for (const name of ["mean", "std", "entropy", "mutualInformation"] as const)
      expectClose(result[name].data, wanted[name], { ...CLOSE, label: name });
    if (activation !== "linear") {
      for (const [r, information] of result.mutualInformation.data.entries()) {
        expect(information).toBeGreaterThan(0);
        expect(information).toBeLessThanOrEqual(result.entropy.data[r]!);
      }
    }
    expect(warn).not.toHaveBeenCalled();
    model.dispose();
  });

  test("of sequences are per position", () => {
    const model = sequential([layers.dropout(0.5), layers.dense({ units: 4, activation: "softmax" })], {
      inputShape: [2, 5],
      seed: 1,
      engine,
    });
    const result = model.predictMC(noise(3, 10, 1).data, { samples: 9, keepSamples: true });
    expect([result.mean.shape, result.entropy.shape]).toEqual([
      [3, 2, 4],
      [3, 2],
    ]);
    const wanted = plainly(result.samples!.data, 9, 4, entropies.softmax);
    for (const name of ["mean", "std", "entropy", "mutualInformation"] as const)
      expectClose(result[name].data, wanted[name], { ...CLOSE, label: name });
    model.dispose();
  });

  test("of several outputs come one for each, also of one that no dropout touches", () => {
    const start = input({ shape: [5] });
    const plain = layers.dense({ units: 2, activation: "softmax" }).apply(start);
    const noisy = layers.dense({ units: 3 }).apply(layers.dropout(0.5).apply(start));
    const model = functional({ inputs: start, outputs: [plain, noisy, start], seed: 1, engine });
    const results = model.predictMC(x, { samples: 5, keepSamples: true }) as unknown as MonteCarloPrediction[];
    expect(results.map(({ mean }) => mean.shape)).toEqual([
      [11, 2],
      [11, 3],
      [11, 5],
    ]);
    const [first, second, third] = results as [MonteCarloPrediction, MonteCarloPrediction, MonteCarloPrediction];
    const predicted = model.predict(x) as unknown as { data: Float32Array }[];
    expect(first.mean.data).toEqual(predicted[0]!.data);
    expect(third.mean.data).toEqual(x.data);
    for (const { std } of [first, third]) expect(new Set(std.data)).toEqual(new Set([0]));
    expect(Math.min(...second.std.data)).toBeGreaterThan(0);
    model.dispose();
  });

  test("one sample has no spread", () => {
    const model = net();
    const { mean, std, samples } = model.predictMC(x, { samples: 1, keepSamples: true });
    expect(mean.data).toEqual(samples!.data);
    expect(new Set(std.data)).toEqual(new Set([0]));
    model.dispose();
  });

  test("the mean of a linear model's samples goes to its prediction, the spread to dropout's", () => {
    const model = sequential([layers.dropout(0.25), layers.dense({ units: 1, useBias: false })], {
      inputShape: [5],
      seed: 2,
      engine,
    });
    const count = 4000;
    const { mean, std } = model.predictMC(x, { samples: count });
    const w = model.getWeights().get("dense/kernel")!.data;
    const prediction = model.predict(x).data;
    for (let r = 0; r < 11; r++) {
      // Each term keeps w x / 0.75 with probability 0.75: variance (w x)² / 3.
      const deviation = Math.sqrt([...w].reduce((sum, wi, i) => sum + (wi * x.data[r * 5 + i]!) ** 2 / 3, 0));
      expect(Math.abs(mean.data[r]! - prediction[r]!)).toBeLessThan((4 * deviation) / Math.sqrt(count));
      expectClose([std.data[r]!], [deviation], { relative: 0.1 });
    }
    model.dispose();
  });
});

describe("randomness", () => {
  const sampled = (model: Model, options = {}) =>
    model.predictMC(x, { samples: 6, keepSamples: true, ...options }).samples!.data;

  test("is a function of the seed: the model's, or one that is given", () => {
    const [model, twin] = [net(), net()];
    expect(sampled(model)).toEqual(sampled(twin));
    expect(sampled(model)).toEqual(sampled(model));
    const bySeed = [0, 1, 2n ** 40n].map((seed) => sampled(model, { seed }));
    expect(bySeed[0]).toEqual(sampled(twin, { seed: 0 }));
    expect(bySeed[0]).toEqual(sampled(model, { seed: 0n }));
    for (const [i, a] of bySeed.entries()) for (const b of bySeed.slice(i + 1)) expect(a).not.toEqual(b);
    for (const a of bySeed) expect(a).not.toEqual(sampled(model));
    model.dispose();
    twin.dispose();
  });

  test("samples are different, and the first ones of more are the same", () => {
    const model = net();
    const [few, many] = [sampled(model), sampled(model, { samples: 40 })];
    expect(many.subarray(0, few.length)).toEqual(few);
    const parts = [...Array(6).keys()].map((s) => few.subarray(s * 33, (s + 1) * 33).join());
    expect(new Set(parts).size).toBe(6);
    model.dispose();
  });

  test("a row's samples do not depend on the rows beside it: batch normalization infers", () => {
    const model = net();
    const all = sampled(model);
    const head = model.predictMC(take(x, [0, 1]), { samples: 6, keepSamples: true }).samples!.data;
    for (let s = 0; s < 6; s++) expect(head.subarray(s * 6, s * 6 + 6)).toEqual(all.subarray(s * 33, s * 33 + 6));
    model.dispose();
  });

  test("every kind of dropout and noise acts, random slopes do not", () => {
    for (const [layer, acts] of [
      [layers.dropout(0.3), true],
      [layers.alphaDropout(0.3), true],
      [layers.gaussianDropout(0.3), true],
      [layers.gaussianNoise(0.3), true],
      [layers.rrelu(), false],
      [layers.dropout(0), false],
    ] as const) {
      const model = sequential([layer], { inputShape: [5], seed: 1, engine });
      const { std } = model.predictMC(x, { samples: 4 });
      expect(
        std.data.some((value) => value > 0),
        layer.kind,
      ).toBe(acts);
      model.dispose();
    }
  });

  test("nothing moves", () => {
    const model = net();
    model.trainOnBatch(x, noise(11, 3, 4));
    const before = fingerprint(model);
    sampled(model);
    expect(fingerprint(model)).toBe(before);
    model.dispose();
  });

  test("without dropout it warns, and every sample is the prediction", () => {
    const model = sequential([layers.dense({ units: 3, activation: "softmax" })], { inputShape: [5], seed: 1, engine });
    const { mean, std, mutualInformation, samples } = model.predictMC(x, { samples: 3, keepSamples: true });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(/^predictMC: the model has no dropout or noise layer/);
    const predicted = model.predict(x).data;
    expect(mean.data).toEqual(predicted);
    expect([...samples!.data]).toEqual([...predicted, ...predicted, ...predicted]);
    expect(new Set(std.data)).toEqual(new Set([0]));
    expect(Math.max(...mutualInformation.data)).toBeLessThan(1e-15);
    model.dispose();
  });

  test("a model without input shape is built from the data", () => {
    const model = sequential([layers.dropout(0.5), layers.dense({ units: 3, activation: "softmax" })], {
      seed: 1,
      engine,
    });
    expect(model.predictMC(x).mean.shape).toEqual([11, 3]);
    model.compile({ optimizer: "sgd", loss: "sparseCategoricalCrossentropy" });
    model.trainOnBatch(x, labels(11, 3, 1));
    model.dispose();
  });
});
