/** A model saved, loaded and trained on has the bits of one that was never stopped; and the same model the same bytes. */
import { afterAll, describe, expect, test } from "vitest";
import {
  callbacks,
  functional,
  input,
  layers,
  loadModel,
  losses,
  metrics,
  optimizers,
  schedules,
  sequential,
  type CustomLoss,
  type CustomMetric,
  type FitOptions,
  type Model,
  type Tensor,
} from "../../src/index.js";
import type { LoadOptions } from "../../src/formats/load-model.js";
import type { LayerKind } from "../../src/layers/index.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import { engineOf } from "../builds.js";
import { describeRow, layerOf, rows } from "../layers/rows.js";
import { bits, fingerprint, labels, noise } from "./nets.js";

const engine = engineOf("baseline");
const x = noise(26, 5, 1);
const y = labels(26, 3, 2);
const fitOptions: FitOptions = { epochs: 2, batchSize: 8, validationData: [x, y], verbose: 0 };

afterAll(() => expect(engine.arena.usedBytes).toBe(0));

/** Everything whose state could be lost: statistics, masks, constraints, penalties, a frozen layer, sharing, nesting. */
function net(optimizer: OptimizerSpec, seed: number | bigint = 3): Model {
  const start = input({ shape: [5], name: "row" });
  const shared = layers.dense({ units: 5, activation: "tanh", name: "shared", kernelRegularizer: "l2" });
  const inner = sequential(
    [
      layers.dense({ units: 9, kernelInitializer: "heNormal", useBias: false, kernelConstraint: "maxNorm" }),
      layers.batchNormalization({ momentum: 0.8 }),
      layers.prelu(),
      layers.dropout(0.3),
    ],
    { name: "inner", engine },
  );
  const node = layers.gaussianNoise(0.1).apply(shared.apply(shared.apply(start)));
  const fixed = layers.dense({ units: 9, name: "fixed", trainable: false }).apply(node);
  const end = layers.dense({ units: 3, activation: "softmax", name: "head" });
  const sum = layers.add().apply(inner.apply(node), fixed);
  const model = functional({ inputs: start, outputs: end.apply(sum), seed, name: "net", engine });
  model.compile({ optimizer, loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

/** Trains, saves, and compares going on with going on after loading. */
async function resumes(
  model: Model,
  train: (model: Model) => unknown,
  options: Omit<LoadOptions, "engine"> = {},
): Promise<void> {
  await train(model);
  const bytes = model.save({ includeOptimizer: true });
  const before = fingerprint(model);
  const loaded = loadModel(bytes, { ...options, engine });
  expect(fingerprint(loaded)).toBe(before);
  expect(loaded.save({ includeOptimizer: true })).toEqual(bytes);
  const [wanted, found] = [await train(model), await train(loaded)];
  expect(found).toEqual(wanted);
  expect(fingerprint(model)).not.toBe(before);
  expect(fingerprint(loaded)).toBe(fingerprint(model));
  expect([loaded.seed, loaded.name, loaded.steps, loaded.epochs]).toEqual([
    model.seed,
    model.name,
    model.steps,
    model.epochs,
  ]);
  model.dispose();
  loaded.dispose();
}

const decay = schedules.exponentialDecay({ initial: 0.01, decaySteps: 3, decayRate: 0.7 });
const cycle = schedules.oneCycle({ maxLearningRate: 0.02, totalSteps: 30 });

const cases: [string, OptimizerSpec][] = [
  ...Object.entries(optimizers).map(([name, make]): [string, OptimizerSpec] => [name, make()]),
  ...Object.entries(optimizers)
    .filter(([, make]) => make.definition.torch !== undefined)
    .map(([name, make]): [string, OptimizerSpec] => [
      `${name}, torch`,
      (make as (options: object) => OptimizerSpec)({ compat: "torch", learningRate: 0.01, weightDecay: 0.1 }),
    ]),
  ["nadam with a schedule", optimizers.nadam({ learningRate: decay })],
  ["sgd with 1cycle", optimizers.sgd({ ...cycle, nesterov: true })],
  ["adam with 1cycle in a warm-up", optimizers.adam({ learningRate: schedules.warmup({ schedule: decay, steps: 5 }) })],
  ["adam with an average", optimizers.adam({ useEma: true, emaMomentum: 0.7 })],
  ["adam that overwrites", optimizers.adamW({ useEma: true, emaMomentum: 0.7, emaOverwriteFrequency: 3 })],
  ["adam that accumulates", optimizers.adam({ gradientAccumulationSteps: 3 })],
  ["rmsprop that accumulates an average", optimizers.rmsprop({ gradientAccumulationSteps: 5, useEma: true })],
  ["amsgrad", optimizers.adam({ amsgrad: true, globalClipNorm: 0.5 })],
  ["centered rmsprop", optimizers.rmsprop({ centered: true, momentum: 0.5, clipNorm: 0.1 })],
];

describe("training goes on with the same bits:", () => {
  test.each(cases)("%s", async (_, optimizer) => {
    // 26 rows in batches of 8: 4 steps an epoch, so that windows of 3 and 5 are cut in the middle.
    await resumes(net(optimizer), (model) => model.fit(x, y, fitOptions));
  });

  test("step by step, whatever was stopped at", async () => {
    await resumes(net(optimizers.nadam({ gradientAccumulationSteps: 2 })), (model) =>
      [1, 2, 3].map(() => model.trainOnBatch(x, y)),
    );
  });

  test("with a learning rate set by hand", async () => {
    const model = net(optimizers.sgd({ learningRate: decay, momentum: 0.9 }));
    model.trainOnBatch(x, y);
    model.optimizer.learningRate = 0.123;
    const loaded = loadModel(model.save({ includeOptimizer: true }), { engine });
    expect(loaded.optimizer.learningRate).toBe(0.123);
    loaded.optimizer.override("learningRate", undefined);
    model.optimizer.override("learningRate", undefined);
    for (const each of [model, loaded]) each.trainOnBatch(x, y);
    expect(fingerprint(loaded)).toBe(fingerprint(model));
    model.dispose();
    loaded.dispose();
  });

  test("with the switches as they stood", async () => {
    const model = net(optimizers.adam());
    model.getLayer<Model>("inner").trainable = false;
    model.getLayer("shared").trainable = false;
    model.getLayer("fixed").trainable = true;
    await resumes(model, (each) => each.fit(x, y, fitOptions));
  });

  test("with slots of layers that were trained and are now frozen", async () => {
    const model = net(optimizers.adam());
    model.trainOnBatch(x, y);
    model.getLayer("shared").trainable = false;
    model.trainOnBatch(x, y);
    const loaded = loadModel(model.save({ includeOptimizer: true }), { engine });
    for (const each of [model, loaded]) {
      each.getLayer("shared").trainable = true;
      each.trainOnBatch(x, y);
    }
    expect(fingerprint(loaded)).toBe(fingerprint(model));
    model.dispose();
    loaded.dispose();
  });

  test("with a callback's checkpoint", async () => {
    let saved: Uint8Array | undefined;
    const checkpoint = callbacks.modelCheckpoint({ write: (bytes) => void (saved = bytes), includeOptimizer: true });
    const model = net(optimizers.adam());
    await model.fit(x, y, { ...fitOptions, callbacks: [checkpoint] });
    const loaded = loadModel(saved!, { engine });
    expect(fingerprint(loaded)).toBe(fingerprint(model));
    model.dispose();
    loaded.dispose();
  });

  test("with a seed of 64 bits", async () => {
    await resumes(net(optimizers.adam(), 2n ** 64n - 1n), (model) => model.fit(x, y, fitOptions));
  });

  test("with losses, metrics and schedules of one's own, given back by name", async () => {
    const squares: CustomLoss = function squares(yTrue, yPred) {
      const gradient = yPred.data.map((p, i) => 2 * (p - yTrue.data[i]!));
      const value = Array.from({ length: yPred.shape[0]! }, (_, r) =>
        gradient.subarray(3 * r, 3 * r + 3).reduce((sum, g) => sum + (g * g) / 4, 0),
      );
      return { value, gradient };
    };
    const total: CustomMetric = function total(_, yPred) {
      return yPred.data.reduce((sum, p) => sum + p, 0);
    };
    const halving = function halving(step: number) {
      return 0.1 / (1 + step);
    };
    const model = sequential([layers.dense(3)], { inputShape: [5], seed: 1, engine });
    model.compile({
      optimizer: optimizers.sgd({ learningRate: halving }),
      loss: squares,
      metrics: [total, "accuracy"],
    });
    const own = { losses: { squares }, metrics: { total }, schedules: { halving } };
    const target = noise(26, 3, 4);
    const bytes = model.save();
    expect(() => loadModel(bytes, { engine })).toThrow(/halving/);
    expect(() => loadModel(bytes, { schedules: { halving }, engine })).toThrow(
      'loadModel: the file needs your own losses of this name: pass it in loadModel(bytes, { losses }). Received: name="squares".',
    );
    expect(() => loadModel(bytes, { ...own, metrics: {}, engine })).toThrow(/your own metrics .* name="total"\.$/);
    await resumes(model, (each) => each.fit(x, target, { epochs: 2, batchSize: 8, verbose: 0 }), own);
  });

  test("with several outputs, their losses and weights", async () => {
    const start = input({ shape: [5] });
    const outputs = ["a", "b", "c"].map((name) => layers.dense({ units: 1, name }).apply(start));
    const model = functional({ inputs: start, outputs, seed: 1, engine });
    model.compile({
      optimizer: "adam",
      loss: { a: "meanSquaredError", c: losses.huber({ delta: 0.5 }) },
      lossWeights: { c: 3 },
      metrics: { a: ["meanAbsoluteError"], c: [metrics.r2Score()] },
    });
    const targets = { a: noise(26, 1, 5), c: noise(26, 1, 6) };
    await resumes(model, (each) => each.fit(x, targets, { epochs: 2, batchSize: 8, verbose: 0 }));
  });
});

describe("a file", () => {
  test("of the same model is the same bytes, and of a model trained again too", async () => {
    const make = async () => {
      const model = net(optimizers.adam());
      await model.fit(x, y, fitOptions);
      const bytes = [model.save(), model.save(), model.save({ includeOptimizer: true })];
      model.dispose();
      return bytes;
    };
    const [first, second] = [await make(), await make()];
    expect(second).toEqual(first);
    expect(first[1]).toEqual(first[0]);
    expect(first[2]!.length).toBeGreaterThan(first[0]!.length);
  });

  test("without the optimizer starts it anew, with the same weights", async () => {
    const model = net(optimizers.adam());
    await model.fit(x, y, fitOptions);
    const loaded = loadModel(model.save(), { engine });
    expect(bits(loaded)).toEqual(bits(model));
    expect(loaded.evaluate(x, y)).toEqual(model.evaluate(x, y));
    expect([loaded.optimizer.iterations, loaded.summary()]).toEqual([0, model.summary()]);
    loaded.trainOnBatch(x, y);
    expect(() => loadModel(model.save(), { engine, nonsense: 1 } as never)).toThrow("unknown option");
    model.dispose();
    loaded.dispose();
  });

  test("of a model that was never compiled has to be compiled", () => {
    const model = sequential([layers.dense(3)], { inputShape: [5], seed: 1, engine });
    const loaded = loadModel(model.save(), { engine });
    expect(loaded.predict(x)).toEqual(model.predict(x));
    expect(() => loaded.trainOnBatch(x, x)).toThrow("model is not compiled");
    expect(() => model.save({ includeOptimizer: true })).toThrow("model is not compiled");
    model.dispose();
    loaded.dispose();
  });

  test("is no part of the model it came from", () => {
    const model = net(optimizers.adam());
    const loaded = loadModel(model.save(), { engine });
    const before = bits(model);
    loaded.trainOnBatch(x, y);
    expect(bits(model)).toEqual(before);
    model.dispose();
    expect(loaded.predict(x).shape).toEqual([26, 3]);
    const part = loaded.getLayer<Model>("inner");
    expect(part.predict(x).shape).toEqual([26, 9]);
    loaded.dispose();
    part.dispose();
  });

  for (const [kind, list] of Object.entries(rows)) {
    test.each(list.map((row) => [describeRow(row), row] as const))(`keeps ${kind} %s`, (_, row) => {
      const shapes = row.shapes(5);
      const starts = shapes.map((shape) => input({ shape }));
      const node = layerOf(kind as LayerKind, row, 5, "layer").apply(starts);
      const model = functional({ inputs: starts, outputs: node, seed: 2, engine });
      const each = shapes.map(
        (shape, i) =>
          noise(
            2,
            shape.reduce((a, b) => a * b),
            i + 1,
          ).data,
      );
      const data = each.length === 1 ? each[0]! : each;
      const loaded = loadModel(model.save(), { engine });
      expect(loaded.predict(data)).toEqual(model.predict(data));
      expect(loaded.save()).toEqual(model.save());
      model.dispose();
      loaded.dispose();
    });
  }

  test("keeps what normalization measured", () => {
    const layer = layers.normalization();
    layer.adapt(x);
    const model = sequential([layer], { inputShape: [5], engine });
    const loaded = loadModel(model.save(), { engine });
    expect(loaded.predict(x)).toEqual(model.predict(x));
    model.dispose();
    loaded.dispose();
  });

  test("keeps a transposed layer tied to its dense layer", () => {
    const start = input({ shape: [5] });
    const encoder = layers.dense({ units: 3, name: "encoder" });
    const decoder = layers.denseTranspose({ of: encoder, activation: "sigmoid", name: "decoder" });
    const model = functional({ inputs: start, outputs: decoder.apply(encoder.apply(start)), seed: 1, engine });
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    model.trainOnBatch(x, x);
    const loaded = loadModel(model.save({ includeOptimizer: true }), { engine });
    for (const each of [model, loaded]) each.trainOnBatch(x, x);
    expect(fingerprint(loaded)).toBe(fingerprint(model));
    model.dispose();
    loaded.dispose();
  });

  test("keeps the order of outputs, and an input that is one", () => {
    const start = input({ shape: [5], name: "in" });
    const one = layers.dense({ units: 2, name: "one" }).apply(start);
    const two = layers.dense({ units: 3, name: "two" }).apply(one);
    const model = functional({ inputs: start, outputs: [two, start, one], seed: 1, engine });
    const loaded = loadModel(model.save(), { engine });
    expect([loaded.inputNames, loaded.outputNames]).toEqual([["in"], ["two", "in", "one"]]);
    expect(loaded.predict<Tensor[]>(x)).toEqual(model.predict<Tensor[]>(x));
    model.dispose();
    loaded.dispose();
  });
});
