import { describe, expect, it } from "vitest";
import { datasets } from "../../src/datasets/index.js";
import { tensor, type DataLike, type Tensor, type TypedArray } from "../../src/tensor.js";

const { batches, shuffleSplit, standardize } = datasets;
type Pair = [Tensor<TypedArray>, Tensor<TypedArray>];

/** n samples of two features whose values tell the sample. */
const samples = (n: number): Tensor =>
  tensor(
    Float32Array.from({ length: 2 * n }, (_, i) => i),
    [n, 2],
  );
const labels = (n: number, classes: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i % classes);

describe("shuffleSplit", () => {
  it("deals every sample to one part, arrays alike", () => {
    const parts = shuffleSplit([samples(100), labels(100, 10)], { test: 0.2, validation: 5, seed: 3 });
    expect(parts.train[0].shape).toEqual([75, 2]);
    expect(parts.validation[1].shape).toEqual([5]);
    expect(parts.test[1].data).toBeInstanceOf(Uint8Array);
    const seen: number[] = [];
    for (const [x, y] of [parts.train, parts.validation, parts.test]) {
      for (let i = 0; i < y.data.length; i++) {
        const sample = x.data[2 * i]! / 2;
        expect(x.data[2 * i + 1]).toBe(2 * sample + 1);
        expect(y.data[i]).toBe(sample % 10);
        seen.push(sample);
      }
    }
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("is a function of the seed, and leaves its input alone", () => {
    const x = samples(30);
    const before = x.data.slice();
    const split = (seed: number): unknown => shuffleSplit([x], { test: 10, seed }).test[0].data;
    expect(split(0)).toEqual(split(0));
    expect(split(0)).not.toEqual(split(1));
    expect(x.data).toEqual(before);
  });

  it("stratifies: each part has every label in its share, to within one sample", () => {
    const y = Uint8Array.from({ length: 1000 }, (_, i) => (i % 100 < 70 ? 0 : i % 100 < 95 ? 1 : 2));
    const { train, test } = shuffleSplit([y], { test: 130, train: 40, stratify: y, seed: 9 });
    for (const [part, size] of [
      [train, 40],
      [test, 130],
    ] as const) {
      for (const [label, share] of [
        [0, 0.7],
        [1, 0.25],
        [2, 0.05],
      ] as const) {
        const count = [...part[0].data].filter((value) => value === label).length;
        expect(Math.abs(count - share * size)).toBeLessThanOrEqual(1);
      }
    }
  });

  it("says what is wrong", () => {
    expect(() => shuffleSplit([samples(4), labels(5, 2)])).toThrow(
      "shuffleSplit: all arrays must have as many samples as the first, 4. Received: arrays[1].shape=[5].",
    );
    expect(() => shuffleSplit([samples(4)], { test: 3, validation: 2 })).toThrow("at most 4 samples together");
    expect(() => shuffleSplit([samples(4)], { test: 1.5 })).toThrow("test must be a fraction in (0, 1) or a whole");
    expect(() => shuffleSplit([samples(4)], { stratify: labels(3, 2) })).toThrow("stratify must have 4 labels");
    expect(() => shuffleSplit([samples(4)], { tset: 1 } as object)).toThrow('Did you mean "test"?');
    expect(() => shuffleSplit([])).toThrow("arrays must not be empty");
    expect(() => shuffleSplit([null as unknown as DataLike])).toThrow(TypeError);
  });
});

describe("batches", () => {
  it("covers all samples once per pass, in a new order every pass, the same for the same seed", () => {
    const make = (): Iterable<Pair> & { length: number } =>
      batches([samples(50), labels(50, 10)], { batchSize: 16, seed: 1 });
    const collect = (from: Iterable<Pair>): number[] =>
      [...from].flatMap(([x]) => [...x.data].filter((_, i) => i % 2 === 0).map((value) => value / 2));
    const dataset = make();
    expect(dataset.length).toBe(4);
    expect([...dataset].map(([x]) => x.shape[0])).toEqual([16, 16, 16, 2]);
    const [second, third] = [collect(dataset), collect(dataset)];
    expect(second).not.toEqual(third);
    expect([...third].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    const again = make();
    collect(again);
    expect(collect(again)).toEqual(second);
  });

  it("keeps the order and drops the remainder when asked", () => {
    const dataset = batches([labels(7, 10)], { batchSize: 3, shuffle: false, dropRemainder: true });
    expect([...dataset].map(([y]) => [...y.data])).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(dataset.length).toBe(2);
  });

  it("says what is wrong", () => {
    expect(() => batches([samples(3)], { batchSize: 0 })).toThrow(
      "batches: batchSize must be an integer in [1, Infinity)",
    );
  });
});

describe("standardize", () => {
  it("gives mean 0 and deviation 1, constants 0, and keeps means for others", () => {
    const x = tensor(Float32Array.of(1, 0.1, 1e6, 2, 0.1, 1e6 + 1, 3, 0.1, 1e6 + 2, 6, 0.1, 1e6 + 3), [4, 3]);
    const standardized = standardize(x);
    expect([...standardized.mean]).toEqual([3, Math.fround(0.1), 1000001.5]);
    // Deviations of [1, 2, 3, 6] from 3: 4 + 1 + 0 + 9 = 14, over 4.
    expect(standardized.standardDeviation[0]).toBe(Math.sqrt(3.5));
    expect(standardized.values.shape).toEqual([4, 3]);
    const column = (j: number): number[] => [0, 1, 2, 3].map((i) => standardized.values.data[3 * i + j]!);
    expect(column(0)).toEqual([-2, -1, 0, 3].map((d) => Math.fround(d / Math.sqrt(3.5))));
    expect(column(1)).toEqual([0, 0, 0, 0]);
    expect(column(2)).toEqual([-1.5, -0.5, 0.5, 1.5].map((d) => Math.fround(d / Math.sqrt(1.25))));
    const other = standardized.apply(tensor(Float64Array.of(3, 1, 0), [1, 3]));
    expect([...other.data.subarray(0, 2)]).toEqual([0, Math.fround(1 - Math.fround(0.1))]);
  });

  it("says what is wrong", () => {
    const x = tensor([
      [1, 2],
      [3, NaN],
    ]);
    expect(() => standardize(x)).toThrow("standardize: x must be finite everywhere. Received: x[1, 1]=NaN.");
    expect(() => standardize(tensor(new Float32Array(0), [0, 2]))).toThrow("at least one sample");
    const fitted = standardize([[1, 2]]);
    expect(() => fitted.apply(Float32Array.of(1))).toThrow("standardize.apply: x must have 2 features per sample");
  });
});
