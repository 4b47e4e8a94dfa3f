import { describe, expect, it } from "vitest";
import { foldBatchNormalization, functional, input, layers, sequential, tensor } from "../../src/index.js";
import type { Model } from "../../src/models/model.js";
import { eachBuild } from "../builds.js";
import { expectClose } from "../closeness.js";
import { seeded } from "../guarded.js";

const ROWS = 37;
const INPUTS = 11;

eachBuild("foldBatchNormalization", (engine) => {
  const x = (() => {
    const random = seeded(8);
    return tensor(
      Float32Array.from({ length: ROWS * INPUTS }, () => 4 * random() - 1),
      [ROWS, INPUTS],
    );
  })();

  /** Weights and statistics as after a training: nothing is 0 or 1 any more. */
  function stirred(model: Model): Model {
    const random = seeded(5);
    for (const [name, { data, shape }] of model.getWeights()) {
      const positive = name.endsWith("movingVariance") || name.endsWith("gamma");
      const values = data.map(() => (positive ? 0.3 + 2 * random() : random() - 0.5));
      model.setWeights(new Map([[name, tensor(values, shape)]]));
    }
    return model;
  }

  const options = { inputShape: [INPUTS], seed: 3, engine };
  const calls = (model: Model): number => model.built.plans.find({ mode: "predict", rows: ROWS }).callCount;

  /** Folds and compares; returns [calls before, calls after] and the report. */
  function folded(model: Model) {
    stirred(model);
    const weights = [...model.getWeights()].map(([name, { data }]) => [name, [...data]]);
    const copy = foldBatchNormalization(model);
    const want = model.predict(x);
    const got = copy.predict(x);
    expect(got.shape).toEqual(want.shape);
    const scale = Math.max(...want.data.map(Math.abs));
    expectClose(got.data, want.data, { relative: 1e-5, absolute: 1e-6 * scale });
    expect([...model.getWeights()].map(([name, { data }]) => [name, [...data]])).toEqual(weights);
    const counts = [calls(model), calls(copy)] as const;
    const { report } = copy;
    copy.dispose();
    return { counts, report };
  }

  describe("what is folded", () => {
    it("one behind a linear dense layer, with and without bias, scale and center", () => {
      for (const bn of [{}, { scale: false }, { center: false }, { compat: "torch" as const }]) {
        for (const useBias of [true, false]) {
          const body = [layers.dense({ units: 7, useBias }), layers.batchNormalization(bn), layers.activation("elu")];
          const { counts, report } = folded(sequential([...body, layers.dense(3)], options));
          expect(report).toEqual({
            folded: [{ layer: "batchNormalization", into: "dense", side: "after" }],
            kept: [],
          });
          expect(counts[1]).toBe(counts[0] - 1);
        }
      }
    });

    it("one in front of a dense layer: behind an activation, and as the first layer", () => {
      const { report, counts } = folded(
        sequential(
          [
            layers.batchNormalization(),
            layers.dense({ units: 7, activation: "tanh" }),
            layers.batchNormalization(),
            layers.dense({ units: 4, activation: "softmax" }),
          ],
          options,
        ),
      );
      expect(report.kept).toEqual([]);
      expect(report.folded).toHaveLength(2);
      expect(report.folded).toContainEqual({ layer: "batchNormalization", into: "dense", side: "before" });
      expect(report.folded).toContainEqual({ layer: "batchNormalization_1", into: "dense_1", side: "before" });
      expect(counts[1]).toBe(counts[0] - 2);
    });

    it("several in a row, and those that dropout separates from the dense layer", () => {
      const { report, counts } = folded(
        sequential(
          [
            layers.dense(7),
            layers.dropout(0.5),
            layers.batchNormalization(),
            layers.batchNormalization(),
            layers.activation("relu"),
            layers.batchNormalization(),
            layers.gaussianNoise(0.3),
            layers.batchNormalization(),
            layers.dense(2),
          ],
          options,
        ),
      );
      expect(report.kept).toEqual([]);
      expect(report.folded.map(({ side }) => side).sort()).toEqual(["after", "after", "before", "before"]);
      expect(counts[1]).toBe(counts[0] - 4);
    });

    it("one in front of two dense layers, into both", () => {
      const start = input({ shape: [INPUTS] });
      const normal = layers.batchNormalization().apply(start);
      const [a, b] = [layers.dense(5).apply(normal), layers.dense(5).apply(normal)];
      const { report } = folded(functional({ inputs: start, outputs: layers.add().apply(a, b), seed: 1, engine }));
      expect(report.kept).toEqual([]);
      expect(report.folded.map(({ into }) => into).sort()).toEqual(["dense", "dense_1"]);
    });

    it("those of nested models, across their borders", () => {
      const inner = sequential([layers.dense({ units: 6, name: "code" })], { ...options, name: "encoder" });
      const { report } = folded(
        sequential([inner, layers.batchNormalization(), layers.activation("selu"), layers.dense(2)], options),
      );
      expect(report.folded).toEqual([{ layer: "batchNormalization", into: "encoder/code", side: "after" }]);
    });
  });

  describe("what stays, and why", () => {
    const reasonsOf = (model: Model): string[] => {
      const { report, counts } = folded(model);
      expect(report.folded).toEqual([]);
      expect(counts[1]).toBe(counts[0]);
      return report.kept.map(({ layer, reason }) => `${layer}: ${reason}`);
    };

    it("both sides are activations", () => {
      const body = [layers.dense({ units: 5, activation: "relu" }), layers.batchNormalization()];
      expect(reasonsOf(sequential([...body, layers.activation("tanh"), layers.dense(2)], options))).toEqual([
        "batchNormalization: the layer in front, dense, has an activation; the layer behind, activation, is not dense",
      ]);
    });

    it("input and output of the model", () => {
      expect(reasonsOf(sequential([layers.batchNormalization()], options))).toEqual([
        "batchNormalization: its input is the model's; its output is the model's",
      ]);
    });

    it("a dense layer that is used twice, or whose output is", () => {
      const start = input({ shape: [INPUTS] });
      const shared = layers.dense(INPUTS);
      const twice = layers.batchNormalization().apply(shared.apply(shared.apply(start)));
      expect(reasonsOf(functional({ inputs: start, outputs: twice, seed: 1, engine }))).toEqual([
        "batchNormalization: the layer in front, dense, is applied more than once; its output is the model's",
      ]);

      const again = input({ shape: [INPUTS] });
      const once = layers.dense(INPUTS).apply(again);
      const sum = layers.add().apply(once, layers.batchNormalization().apply(once));
      expect(reasonsOf(functional({ inputs: again, outputs: sum, seed: 1, engine }))).toEqual([
        "batchNormalization: the output of the layer in front, dense, is used elsewhere too; the layer behind, add, is not dense",
      ]);
    });

    it("a normalization that is used twice", () => {
      const start = input({ shape: [INPUTS] });
      const normalize = layers.batchNormalization();
      const first = normalize.apply(layers.dense(INPUTS).apply(start));
      const second = normalize.apply(layers.dense(INPUTS).apply(first));
      expect(reasonsOf(functional({ inputs: start, outputs: second, seed: 1, engine }))).toEqual([
        "batchNormalization: it is applied more than once",
        "batchNormalization: it is applied more than once",
      ]);
    });

    it("a dense layer whose kernel a transposed one uses", () => {
      const start = input({ shape: [INPUTS] });
      const encoder = layers.dense(4);
      const code = layers.batchNormalization().apply(encoder.apply(start));
      const outputs = layers.denseTranspose({ of: encoder }).apply(code);
      expect(reasonsOf(functional({ inputs: start, outputs, seed: 1, engine }))).toEqual([
        "batchNormalization: the layer in front, dense, shares its kernel with a transposed layer; the layer behind, denseTranspose, is not dense",
      ]);
    });
  });

  it("leaves nothing that depends on the original: it outlives it", () => {
    const start = input({ shape: [INPUTS] });
    const encoder = layers.dense(4);
    const outputs = layers
      .denseTranspose({ of: encoder })
      .apply(encoder.apply(layers.batchNormalization().apply(start)));
    const model = stirred(functional({ inputs: start, outputs, seed: 1, engine }));
    const want = model.predict(x).data;
    const copy = foldBatchNormalization(model);
    model.dispose();
    const other = sequential([layers.dense(50)], options); // takes the memory that the original has left
    expectClose(copy.predict(x).data, want, { relative: 1e-5, absolute: 1e-5 });
    copy.dispose();
    other.dispose();
  });

  it("says what it needs", () => {
    expect(() => foldBatchNormalization({} as Model)).toThrow(/foldBatchNormalization: a model is needed/);
    expect(() => foldBatchNormalization(sequential([layers.dense(2)], { engine }))).toThrow(/no input shape yet/);
  });
});
