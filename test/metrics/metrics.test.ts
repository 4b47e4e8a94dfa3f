import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { metrics, resolveMetric, type MetricBatch, type MetricName, type MetricSpec } from "../../src/metrics/index.js";
import { expectClose } from "../closeness.js";
import { seeded } from "../guarded.js";

interface Golden {
  data: Record<
    string,
    {
      target: "class" | "values";
      width: number;
      batches: { rows: number; prediction: number[]; target: number[]; weights: number[] }[];
    }
  >;
  cases: { name: MetricName; options: object; data: string; weighted: boolean; results: (number | null)[] }[];
}

const golden = JSON.parse(readFileSync(new URL("../golden/metrics.json", import.meta.url), "utf8")) as Golden;
const make = (name: MetricName, options: object): MetricSpec =>
  (metrics[name] as (options: object) => MetricSpec)(options);

function batchesOf(name: string, weighted: boolean): MetricBatch[] {
  const { target: kind, width, batches } = golden.data[name]!;
  return batches.map(({ rows, prediction, target, weights }) => ({
    rows,
    width,
    prediction: Float32Array.from(prediction),
    target: kind === "class" ? Int32Array.from(target) : Float32Array.from(target),
    weights: weighted ? Float32Array.from(weights) : undefined,
  }));
}

const batch = (prediction: number[][], target: Float32Array | Int32Array, weights?: number[]): MetricBatch => ({
  rows: prediction.length,
  width: prediction[0]!.length,
  prediction: Float32Array.from(prediction.flat()),
  target,
  weights: weights && Float32Array.from(weights),
});

describe("metrics equal Keras after every batch", () => {
  it("for every metric", () => {
    expect(new Set(golden.cases.map(({ name }) => name))).toEqual(new Set(Object.keys(metrics)));
  });

  // Keras sums in f32.
  it.each(golden.cases)("$name $options on $data, weighted $weighted", ({ name, options, data, weighted, results }) => {
    const metric = make(name, options).create();
    const batches = batchesOf(data, weighted);
    for (let pass = 0; pass < 2; pass++) {
      const got = batches.map((part) => (metric.update(part), metric.result()));
      expectClose(
        got,
        results.map((value) => value ?? NaN),
        { relative: 3e-6, absolute: 3e-7, label: `pass ${pass}` },
      );
      metric.reset();
    }
  });
});

describe("metrics", () => {
  it.each(Object.keys(metrics) as MetricName[])("%s does not depend on how rows are split into batches", (name) => {
    const random = seeded(1);
    const rows = 24;
    const prediction = Array.from({ length: rows }, () => [random(), random(), random()]);
    const labels = Int32Array.from({ length: rows }, () => Math.floor(3 * random()));
    const weights = Array.from({ length: rows }, () => random());
    const resultOf = (sizes: number[]) => {
      const metric = make(name, {}).create();
      let start = 0;
      for (const size of sizes) {
        const end = start + size;
        metric.update(batch(prediction.slice(start, end), labels.slice(start, end), weights.slice(start, end)));
        start = end;
      }
      return metric.result();
    };
    const whole = resultOf([rows]);
    expect(Number.isFinite(whole)).toBe(true);
    for (const sizes of [[1, 23], [8, 8, 8], Array.from({ length: rows }, () => 1)]) {
      expectClose([resultOf(sizes)], [whole], { relative: 1e-12 });
    }
  });

  it.each(Object.keys(metrics) as MetricName[])("%s takes classes as it takes one-hot targets", (name) => {
    const prediction = [
      [0.1, 0.7, 0.2],
      [0.3, 0.3, 0.4],
      [0.8, 0.1, 0.1],
      [0.2, 0.2, 0.6],
    ];
    const ofClasses = make(name, {}).create();
    const ofRows = make(name, {}).create();
    ofClasses.update(batch(prediction, Int32Array.of(1, 0, 0, 2)));
    ofRows.update(batch(prediction, Float32Array.of(0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1)));
    expect(ofClasses.result()).toBe(ofRows.result());
  });

  it("accuracy takes a single output for a probability, whatever the target's type", () => {
    const metric = metrics.accuracy().create();
    metric.update(batch([[0.9], [0.2], [0.5]], Int32Array.of(1, 1, 0)));
    expect(metric.result()).toBe(2 / 3);
    metric.update(batch([[0.9]], Float32Array.of(1)));
    expect(metric.result()).toBe(3 / 4);
  });

  it("f1Score of a single output takes 0.5 for its threshold, and classId picks one output", () => {
    const one = metrics.f1Score().create();
    one.update(batch([[0.9], [0.2], [0.7], [0.6]], Float32Array.of(1, 1, 0, 1)));
    expect(one.result()).toBeCloseTo((2 * 2) / (2 * 2 + 1 + 1), 12);
    const second = metrics.f1Score({ classId: 1 }).create();
    second.update(batch([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], Int32Array.of(0, 1, 0))); // prettier-ignore
    expect(second.result()).toBeCloseTo(2 / 3, 12);
    expect(() =>
      metrics
        .f1Score({ classId: 5 })
        .create()
        .update(batch([[0, 1]], Int32Array.of(0))),
    ).toThrow("metrics.f1Score: classId must be below the number of outputs, 2. Received: classId=5.");
  });

  it.each(["binaryAccuracy", "precision", "recall", "f1Score"] as const)(
    "%s: a prediction equal to the threshold as f32 is not above it",
    (name) => {
      for (const threshold of [0.1, 0.3, 0.7, 0.9]) {
        const spec = make(name, { threshold });
        const metric = spec.create();
        metric.update(batch([[threshold]], Float32Array.of(1)));
        expect(metric.result(), `${threshold}`).toBe(0);
        metric.update(batch([[threshold + 1e-7]], Float32Array.of(1)));
        expect(metric.result(), `${threshold}`).toBeGreaterThan(0);
        expect(spec.options.threshold).toBe(threshold);
      }
    },
  );

  it("f1Score takes no class for a row of zeros", () => {
    const metric = metrics.f1Score({ average: "micro" }).create();
    metric.update(batch([[0, 0], [0, 1]], Int32Array.of(0, 1))); // prettier-ignore
    expect(metric.result()).toBe(2 / 3); // one right, one missed, none wrong
  });

  it("topK of precision and recall takes the first of equal predictions", () => {
    for (const name of ["precision", "recall"] as const) {
      for (const [truth, result] of [1, 0, 0].entries()) {
        const metric = metrics[name]({ topK: 1 }).create();
        metric.update(batch([[0.4, 0.4, 0.2]], Int32Array.of(truth)));
        expect(metric.result(), `${name}, class ${truth}`).toBe(result);
      }
    }
  });

  it("r2Score keeps its digits when the targets' mean is ten million times their spread", () => {
    const metric = metrics.r2Score().create();
    const t = [0, 0.5, 1, 1.5, 0, 1, 0.5];
    metric.update(batch(t.map((value) => [value + 2 ** 22 + 0.5]), Float32Array.from(t, (value) => value + 2 ** 22))); // prettier-ignore
    const mean = t.reduce((sum, value) => sum + value, 0) / t.length;
    const variation = t.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    expect(metric.result()).toBeCloseTo(1 - (t.length * 0.25) / variation, 10);
  });

  it("a NaN prediction is right nowhere and breaks no count", () => {
    for (const name of ["binaryAccuracy", "topKCategoricalAccuracy", "auc", "precision", "f1Score"] as const) {
      const metric = make(name, {}).create();
      metric.update(batch([[NaN, NaN]], Int32Array.of(1)));
      expect(metric.result(), name).toBeGreaterThanOrEqual(0);
    }
  });

  it("resolves names, factories, specifications and a user's function", () => {
    expect(resolveMetric("compile", "auc").options).toEqual(metrics.auc().options);
    expect(resolveMetric("compile", metrics.auc as never).name).toBe("auc");
    expect(resolveMetric("compile", metrics.precision({ topK: 2 })).options).toEqual({ topK: 2 });
    expect(() => resolveMetric("compile", "acuracy" as MetricName)).toThrow(
      'Unknown metric "acuracy". Known: accuracy, auc, binaryAccuracy, categoricalAccuracy, f1Score, ' +
        "meanAbsoluteError, meanSquaredError, precision, r2Score, recall, rootMeanSquaredError, " +
        'sparseCategoricalAccuracy, topKCategoricalAccuracy. Did you mean "accuracy"?',
    );
    expect(() => resolveMetric("compile", 3 as never)).toThrow(
      "compile: metric must be a name, a metric of metrics.*, or a function (yTrue, yPred). Received: metric=3.",
    );
    expect(() => metrics.auc({ curve: "PRC" as "PR" })).toThrow(
      'metrics.auc: curve must be one of "ROC", "PR" (did you mean "PR"?). Received: curve="PRC".',
    );
    expect(() => metrics.topKCategoricalAccuracy({ K: 3 } as object)).toThrow(
      'metrics.topKCategoricalAccuracy: unknown option "K". Known: k. Did you mean "k"?',
    );
  });

  it("a user's metric is the mean of its numbers by rows, and gets copies", () => {
    const spec = resolveMetric("compile", function largestError(yTrue, yPred) {
      expect(yPred.shape).toEqual([yPred.size / 2, 2]);
      const errors = yPred.data.map((value, i) => Math.abs(value - yTrue.data[i]!));
      yPred.data.fill(NaN);
      return Math.max(...errors);
    });
    expect(spec.name).toBe("largestError");
    const metric = spec.create();
    const first = batch([[1, 2]], Float32Array.of(1, 4));
    metric.update(first);
    metric.update(batch([[1, 2], [3, 4], [5, 6]], Float32Array.of(1, 2, 3, 4, 5, 7))); // prettier-ignore
    expect(metric.result()).toBe((2 * 1 + 1 * 3) / 4);
    expect([...first.prediction]).toEqual([1, 2]);
    const wrong = resolveMetric("compile", (() => "high") as never).create();
    expect(() => wrong.update(first)).toThrow(
      'customMetric: a custom metric must return a number. Received: result="high".',
    );
  });
});
