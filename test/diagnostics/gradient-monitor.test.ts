import { afterEach, describe, expect, it, vi } from "vitest";
import {
  callbacks,
  gradientReport,
  initializers,
  layers,
  optimizers,
  sequential,
  tensor,
  type GradientReport,
} from "../../src/index.js";
import type { Model } from "../../src/models/model.js";
import { engineOf } from "../builds.js";
import { seeded } from "../guarded.js";

const engine = engineOf("baseline");
const ROWS = 256;
const CLASSES = 10;

/** Standard normal clouds, one for each class. */
const [x, y] = (() => {
  const random = seeded(11);
  const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const centres = Array.from({ length: CLASSES * 30 }, gauss);
  const labels = Int32Array.from({ length: ROWS }, (_, r) => r % CLASSES);
  const data = Float32Array.from(
    { length: ROWS * 30 },
    (_, i) => 0.8 * centres[labels[Math.floor(i / 30)]! * 30 + (i % 30)]! + 0.6 * gauss(),
  );
  return [tensor(data, [ROWS, 30]), labels] as const;
})();

type Initializer =
  NonNullable<Parameters<typeof layers.dense>[0]> extends infer O
    ? O extends { kernelInitializer?: infer I }
      ? I
      : never
    : never;

/** The chapter's net: 20 layers of 100. */
function deep(activation: "sigmoid" | "relu", kernelInitializer: Initializer, learningRate = 0.01): Model {
  const hidden = Array.from({ length: 20 }, () => layers.dense({ units: 100, activation, kernelInitializer }));
  const model = sequential([...hidden, layers.dense({ units: CLASSES, activation: "softmax" })], {
    inputShape: [30],
    seed: 1,
    engine,
  });
  model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: "sparseCategoricalCrossentropy" });
  return model;
}

/** Warnings and reports of a short training. */
async function watch(model: Model, epochs = 2, every = 8) {
  const warnings: string[] = [];
  const reports: GradientReport[] = [];
  const monitor = callbacks.gradientMonitor({
    every,
    onWarning: (warning) => warnings.push(warning),
    onReport: (report) => reports.push(report),
  });
  const { history } = await model.fit(x, y, { epochs, callbacks: [monitor], verbose: 0 });
  return { warnings, reports, losses: history["loss"]! };
}

afterEach(() => vi.restoreAllMocks());

describe("the 20-layer nets", () => {
  it("sigmoid with Glorot weights: vanishing", async () => {
    const { warnings, reports } = await watch(deep("sigmoid", "glorotUniform"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^dense: gradients \d\.\de-\d+, 10\^\d+ times smaller than in dense_20: vanishing\. Sigmoid with glorotUniform weights; try ReLU with heNormal, or batch normalization\.$/,
    );
    const sizes = reports[0]!.layers.map(({ meanAbsoluteGradient }) => meanAbsoluteGradient!);
    expect(sizes[20]!).toBeGreaterThan(1e-3);
    expect(sizes[0]!).toBeLessThan(1e-12);
  });

  it("sigmoid with unit-variance weights: saturated", async () => {
    const { warnings } = await watch(deep("sigmoid", initializers.randomNormal({ stddev: 1 })));
    expect(
      warnings.some((warning) =>
        /% of the outputs are in the flat parts: saturated\. Sigmoid with randomNormal/.test(warning),
      ),
    ).toBe(true);
  });

  it("ReLU with He weights: nothing to say", async () => {
    const { warnings, reports } = await watch(deep("relu", "heNormal"));
    expect(warnings).toEqual([]);
    expect(reports).toHaveLength(2);
    expect(reports[0]!.layers.every(({ updateRatio, dead = 0 }) => updateRatio! > 1e-6 && dead < 0.75)).toBe(true);
  });

  it("ReLU with unit-variance weights: exploding, told in the first step, before any weight has moved", async () => {
    const { warnings, reports } = await watch(deep("relu", initializers.randomNormal({ stddev: 1 })));
    expect(reports[0]!.warnings.some((warning) => /exploding/.test(warning))).toBe(true);
    expect(Number.isFinite(reports[0]!.loss)).toBe(true);
    expect(warnings[0]).toMatch(/exploding/);
  });

  it("a high rate without clipping: caught by the loss of the step, before NaN, between the samples", async () => {
    const model = deep("relu", "heNormal", 5);
    const seen: { step: number; loss: number }[] = [];
    const warnings: { step: number; text: string }[] = [];
    const monitor = callbacks.gradientMonitor({
      every: 1000,
      onWarning: (text) => warnings.push({ step: model.steps, text }),
    });
    const watchLoss = {
      onBatchEnd: (_: number, logs: Record<string, number>) =>
        void seen.push({ step: model.steps, loss: logs["loss"]! }),
    };
    await model.fit(x, y, { epochs: 2, callbacks: [monitor, watchLoss], verbose: 0 });
    const firstBad = seen.find(({ loss }) => !Number.isFinite(loss));
    expect(warnings.length).toBeGreaterThan(0);
    expect(warnings[0]!.text).toMatch(/exploding/);
    expect(firstBad).toBeDefined();
    expect(warnings[0]!.step).toBeLessThan(firstBad!.step);
  });

  it("a loss that leaves its bounds between two samples", async () => {
    const model = deep("relu", "heNormal", 0.01);
    const warnings: string[] = [];
    const monitor = callbacks.gradientMonitor({ every: 1000, onWarning: (text) => warnings.push(text) });
    const raise = {
      onBatchEnd(batch: number): void {
        if (batch === 2) model.optimizer.learningRate = 20;
      },
    };
    await model.fit(x, y, { callbacks: [monitor, raise], verbose: 0 });
    expect(warnings[0]).toMatch(/^loss is \S+ at step [45], \S+ times the mean of the steps before: exploding\./);
  });
});

describe("gradientReport", () => {
  function mixed(): Model {
    const model = sequential(
      [
        layers.dense({ units: 12, activation: "tanh", name: "first" }),
        layers.batchNormalization({ name: "normal" }),
        layers.dense({ units: 20, name: "second" }),
        layers.activation({ activation: "relu", name: "bend" }),
        layers.dropout(0.1),
        layers.dense({ units: CLASSES, activation: "softmax", name: "head" }),
      ],
      { inputShape: [30], seed: 1, engine },
    );
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: "sparseCategoricalCrossentropy" });
    return model;
  }

  it("measures what the definitions say, and moves nothing", () => {
    const model = mixed();
    const state = (): unknown => [
      [...model.getWeights()].map(([n, { data }]) => [n, [...data]]),
      model.optimizer.export(),
      model.steps,
    ];
    const gradients = model.gradients(x, y);
    const before = state();
    const report = gradientReport(model, x, y);
    expect(state()).toEqual(before);
    expect(report.layers.map(({ layer }) => layer)).toEqual(["first", "normal", "second", "bend", "head"]);
    for (const [path, key] of [
      ["first", "kernel"],
      ["normal", "gamma"],
      ["second", "kernel"],
      ["head", "kernel"],
    ]) {
      const { data } = gradients.get(`${path}/${key}`)!;
      const weights = model.getWeights().get(`${path}/${key}`)!.data;
      const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
      const found = report.layers.find(({ layer }) => layer === path)!;
      expect(found.meanAbsoluteGradient! / (data.reduce((s, v) => s + Math.abs(v), 0) / data.length)).toBeCloseTo(1, 4);
      expect(found.gradientNorm! / norm(data)).toBeCloseTo(1, 4);
      expect(found.updateRatio! / ((0.1 * norm(data)) / norm(weights))).toBeCloseTo(1, 3);
    }
    const hidden = sequential([model.getLayer("first")], { inputShape: [30], engine }).predict(x).data;
    const flat = hidden.filter((v) => 1 - v * v < 0.05).length / hidden.length;
    expect(report.layers[0]!.saturated).toBeCloseTo(flat, 6);
    expect(report.layers[1]!.statistics).toEqual({
      smallestVariance: 1,
      largestVariance: 1,
      belowEpsilon: 0,
      meanAbsoluteGamma: 1,
    });
  });

  it("counts dead units, and names them", () => {
    const model = mixed();
    const bias = new Float32Array(20).fill(-1000, 0, 16);
    model.setWeights({ "second/bias": bias });
    const report = gradientReport(model, x, y);
    expect(report.layers.find(({ layer }) => layer === "bend")!.dead).toBeCloseTo(0.8, 6);
    expect(report.warnings).toEqual([
      "bend: 80 % of the units are 0 for every row: dead. ReLU with glorotUniform weights; try a lower learning rate, leakyRelu or elu, or batch normalization.",
    ]);
    expect(
      gradientReport(model, x.data.subarray(0, 90), y.subarray(0, 3)).layers.some(({ dead }) => dead !== undefined),
    ).toBe(false);
  });

  it("tells variances below epsilon, and updates that are lost in rounding", () => {
    const model = mixed();
    model.setWeights({ "normal/movingVariance": new Float32Array(12).fill(1e-6, 0, 9).fill(1, 9) });
    model.optimizer.learningRate = 1e-9;
    const { warnings } = gradientReport(model, x, y);
    expect(
      warnings.some((warning) =>
        /^normal: 75 % of the units have a moving variance below epsilon \(smallest/.test(warning),
      ),
    ).toBe(true);
    expect(warnings.some((warning) => /lost in rounding/.test(warning))).toBe(true);
  });

  it("says what it needs", () => {
    const model = mixed();
    model.trainable = false;
    expect(() => gradientReport(model, x, y)).toThrow(/gradientReport: nothing would learn/);
    expect(() => gradientReport({} as Model, x, y)).toThrow(/a model is needed/);
    expect(() => callbacks.gradientMonitor({ evry: 2 } as object)).toThrow(/every/);
    expect(() => callbacks.gradientMonitor({ every: 0 })).toThrow(/every must be an integer/);
  });
});

describe("gradientMonitor", () => {
  it("changes no bit of the training, and lets the model go afterwards", async () => {
    const train = async (monitored: boolean): Promise<number[]> => {
      const model = sequential(
        [
          layers.dense({ units: 9, activation: "relu" }),
          layers.dropout(0.3),
          layers.dense({ units: CLASSES, activation: "softmax" }),
        ],
        { inputShape: [30], seed: 4, engine },
      );
      model.compile({
        optimizer: optimizers.adam({ globalClipNorm: 0.5, weightDecay: 0.01 }),
        loss: "sparseCategoricalCrossentropy",
      });
      await model.fit(x, y, {
        epochs: 2,
        callbacks: monitored ? [callbacks.gradientMonitor({ every: 3 })] : [],
        verbose: 0,
      });
      expect(model.observer).toBeUndefined();
      return [...model.getWeights().values()].flatMap(({ data }) => [...data]);
    };
    expect(await train(true)).toEqual(await train(false));
  });

  it("warns on the console by default, once for each kind", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await deep("sigmoid", "glorotUniform").fit(x, y, {
      epochs: 3,
      callbacks: [callbacks.gradientMonitor({ every: 2 })],
      verbose: 0,
    });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(/^gradientMonitor: dense: gradients/);
  });

  it("refuses to be given twice", async () => {
    const monitors = [callbacks.gradientMonitor(), callbacks.gradientMonitor()];
    await expect(deep("relu", "heNormal").fit(x, y, { callbacks: monitors, verbose: 0 })).rejects.toThrow(
      /watched already/,
    );
  });
});
