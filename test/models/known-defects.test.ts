/** Defects of tfjs-layers 4.22 (and of tfjs-core, where said), which a user who comes from there must not meet again. */
import { afterAll, expect, test } from "vitest";
import {
  activations,
  callbacks,
  constraints,
  initializers,
  layers,
  loadModel,
  optimizers,
  regularizers,
  sequential,
  type Model,
} from "../../src/index.js";
import { engineOf } from "../builds.js";
import { expectClose } from "../closeness.js";
import { bits, fingerprint, labels, noise } from "./nets.js";

const engine = engineOf("baseline");
const x = noise(24, 5, 1);
const y = labels(24, 3, 2);

afterAll(() => expect(engine.arena.usedBytes).toBe(0));

/** A classifier with some layers under its head. */
function classifier(list: Parameters<typeof sequential>[0], optimizer = optimizers.adam()): Model {
  const model = sequential([...list, layers.dense({ units: 3, activation: "softmax", name: "head" })], {
    inputShape: [5],
    seed: 1,
    engine,
  });
  model.compile({ optimizer, loss: "sparseCategoricalCrossentropy" });
  return model;
}

test("constraints are applied during fit, after every update (tfjs never does: #3345, #3979)", async () => {
  const dense = layers.dense({ units: 6, name: "bound", kernelConstraint: constraints.maxNorm(0.1) });
  const model = classifier([dense]);
  const norms: number[] = [];
  const measure = () => {
    const kernel = model.getWeights().get("bound/kernel")!;
    for (let j = 0; j < 6; j++) norms.push(Math.hypot(...[0, 1, 2, 3, 4].map((i) => kernel.at(i, j))));
  };
  await model.fit(x, y, { epochs: 3, batchSize: 8, callbacks: [{ onBatchEnd: measure }] });
  expect(norms).toHaveLength(9 * 6);
  expect(Math.max(...norms)).toBeLessThanOrEqual(0.1 * (1 + 1e-6));
  model.dispose();
});

test("batch normalization trains without scale and without center (tfjs crashes: #2868)", async () => {
  for (const options of [{ scale: false }, { center: false }, { scale: false, center: false }]) {
    const model = classifier([layers.dense(6), layers.batchNormalization({ ...options, name: "norm" })]);
    const before = bits(model);
    const { history } = await model.fit(x, y, { epochs: 20, batchSize: 8 });
    expect(history["loss"]!.at(-1)!).toBeLessThan(history["loss"]![0]!);
    for (const [name, value] of Object.entries(bits(model))) expect(value, name).not.toBe(before[name]);
    model.dispose();
  }
});

test("a frozen batch normalization infers, and its statistics stay (tfjs: batch statistics, moving mean moves)", async () => {
  const model = classifier([layers.batchNormalization({ name: "norm", trainable: false })]);
  const statistics = { "norm/movingMean": [1, 2, 3, 4, 5], "norm/movingVariance": [1, 2, 3, 4, 5] };
  model.setWeights(statistics);
  const before = bits(model);
  await model.fit(x, y, { epochs: 2, verbose: 0 });
  for (const name of Object.keys(statistics)) expect(bits(model)[name]).toBe(before[name]);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: "sparseCategoricalCrossentropy" });
  expect(model.trainOnBatch(x, y)["loss"]).toBe(model.evaluate(x, y)["loss"]);
  model.dispose();
});

test("normal initializers correct for truncation: heNormal of 1000 inputs has deviation .0447 (tfjs: .0394)", () => {
  const [inputs, units] = [1000, 100];
  const expected = {
    heNormal: Math.sqrt(2 / inputs),
    leCunNormal: Math.sqrt(1 / inputs),
    glorotNormal: Math.sqrt(2 / (inputs + units)),
  };
  expect(expected.heNormal).toBeCloseTo(0.0447, 4);
  for (const [name, deviation] of Object.entries(expected)) {
    const kernelInitializer = initializers[name as keyof typeof expected]();
    const model = sequential([layers.dense({ units, kernelInitializer })], { inputShape: [inputs], seed: 1, engine });
    const { data } = model.getWeights().get("dense/kernel")!;
    const mean = data.reduce((sum, w) => sum + w, 0) / data.length;
    const variance = data.reduce((sum, w) => sum + (w - mean) ** 2, 0) / data.length;
    expectClose([Math.sqrt(variance)], [deviation], { relative: 0.01, label: name });
    model.dispose();
  }
});

test("AdaDelta's accumulator has the gradient before it divides: first step -1.41e-3 (tfjs: -2)", () => {
  const theta = Float32Array.of(0);
  const run = optimizers.adadelta({ learningRate: 1, rho: 0.95, epsilon: 1e-7 }).attach([theta]);
  run.step([Float32Array.of(2)]);
  // a = 0.05 * 4, step = sqrt(1e-7) / sqrt(0.2 + 1e-7) * 2
  expectClose(theta, [-1.4142e-3], { relative: 1e-4 });
});

test("centered RMSProp stays finite at a gradient of zero (tfjs: NaN)", () => {
  const theta = Float32Array.of(1, 1);
  const run = optimizers.rmsprop({ centered: true }).attach([theta]);
  for (let i = 0; i < 50; i++) run.step([Float32Array.of(0.5, 0)]);
  expect(theta[1]).toBe(1);
  expect(Number.isFinite(theta[0])).toBe(true);
});

test("the optimizer goes on after unfreezing (tfjs: slots by position, operands could not be broadcast)", async () => {
  const model = classifier([layers.dense({ units: 4, name: "low" }), layers.dense({ units: 7, name: "middle" })]);
  model.getLayer("low").trainable = false;
  await model.fit(x, y, { epochs: 2, verbose: 0 });
  const updates = (name: string) => model.optimizer.state(model.built.parameters.get(name)!)?.scalars["updates"];
  expect([updates("low/kernel"), updates("middle/kernel")]).toEqual([undefined, 2]);
  model.getLayer("low").trainable = true;
  await model.fit(x, y, { epochs: 2 });
  expect([updates("low/kernel"), updates("middle/kernel")]).toEqual([2, 4]);
  model.dispose();
});

test("an unfrozen layer trains without a new compile (tfjs: a warning, and it does not)", async () => {
  const model = classifier([layers.dense({ units: 4, name: "low", trainable: false })]);
  const before = bits(model)["low/kernel"];
  await model.fit(x, y);
  expect(bits(model)["low/kernel"]).toBe(before);
  model.getLayer("low").trainable = true;
  await model.fit(x, y);
  expect(bits(model)["low/kernel"]).not.toBe(before);
  model.dispose();
});

test("dropout with a seed has a new mask each step, and the same ones again (tfjs: the same mask every call)", () => {
  const run = (): number[] => {
    const model = sequential([layers.dropout(0.5), layers.dense(1)], { inputShape: [5], seed: 4, engine });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: "meanSquaredError" });
    const found = [1, 2, 3, 4, 5].map(() => model.trainOnBatch(x, noise(24, 1, 3))["loss"]!);
    model.dispose();
    return found;
  };
  const first = run();
  expect(new Set(first).size).toBe(5);
  expect(run()).toEqual(first);
});

test("Adamax's state is saved and restored (tfjs: not implemented)", () => {
  const model = classifier([layers.dense(4)], optimizers.adamax({ learningRate: 0.01 }));
  for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
  const loaded = loadModel(model.save({ includeOptimizer: true }), { engine });
  expect(fingerprint(loaded)).toBe(fingerprint(model));
  for (const each of [model, loaded]) each.trainOnBatch(x, y);
  expect(fingerprint(loaded)).toBe(fingerprint(model));
  model.dispose();
  loaded.dispose();
});

test("val_loss includes penalties, as Keras's does (tfjs: validation 0 where training is 1)", async () => {
  const model = sequential(
    [layers.dense({ units: 1, useBias: false, kernelRegularizer: regularizers.l2({ l2: 0.25 }), name: "w" })],
    { inputShape: [1], seed: 1, engine },
  );
  model.setWeights({ "w/kernel": [[2]] });
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: "meanSquaredError" });
  const { history } = await model.fit([1], [2], { validationData: [[1], [2]] });
  expect([history["loss"], history["val_loss"]]).toEqual([[1], [1]]);
  expect(model.evaluate([1], [2])).toEqual({ loss: 1 });
  model.dispose();
});

test("ELU has its alpha, and early stopping restores the best weights (tfjs: not implemented, #8488)", async () => {
  for (const layer of [
    layers.elu({ alpha: 0.5 }),
    layers.activation({ activation: activations.elu({ alpha: 0.5 }) }),
  ]) {
    const model = sequential([layer], { inputShape: [2], engine });
    expectClose(model.predict([[-1, 1]]).data, [0.5 * Math.expm1(-1), 1], { relative: 1e-6 });
    model.dispose();
  }

  const model = classifier([layers.dense(4)]);
  const losses: number[] = [];
  const states: Record<string, string>[] = [];
  const { epoch, stopReason } = await model.fit(x, y, {
    epochs: 40,
    // A rate that makes the loss go down, and then up again.
    callbacks: [
      callbacks.learningRateScheduler({ schedule: (epoch) => (epoch < 5 ? 0.01 : 3) }),
      {
        onEpochEnd: (_, logs) => {
          losses.push(logs["val_loss"]!);
          states.push(bits(model));
        },
      },
      callbacks.earlyStopping({ patience: 3, restoreBestWeights: true }),
    ],
    validationData: [x, y],
  });
  const best = losses.indexOf(Math.min(...losses));
  expect([epoch.length, stopReason]).toEqual([best + 4, expect.stringMatching(/val_loss/)]);
  expect(bits(model)).toEqual(states[best]);
  expect(states.at(-1)).not.toEqual(states[best]);
  model.dispose();
});

test("an activity regularizer is part of the loss, divided by the batch (tfjs: not implemented)", () => {
  const model = sequential([layers.activityRegularization({ l2: 0.5 }), layers.flatten()], { inputShape: [2], engine });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const rows = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  // 0.5 (1 + 4 + 9 + 16 + 25 + 36) / 3
  expect(model.evaluate(rows, rows)["loss"]).toBeCloseTo(91 / 6, 5);
  model.dispose();

  const dense = layers.dense({ units: 1, useBias: false, activityRegularizer: "l2", name: "w" });
  const learned = sequential([dense], { inputShape: [1], engine });
  learned.setWeights({ "w/kernel": [[2]] });
  learned.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  // Errors 0; 0.01 (4 + 16) / 2, with slope 0.01 * 2 (2 * 1 + 4 * 2) / 2
  expectClose([learned.evaluate([1, 2], [2, 4])["loss"]!], [0.1], { relative: 1e-6 });
  expectClose(learned.gradients([1, 2], [2, 4]).get("w/kernel")!.data, [0.1], { relative: 1e-6 });
  learned.dispose();
});

test("0 is a seed like any other (tfjs-core: as good as none)", () => {
  const build = (seed: number) => sequential([layers.dense(4)], { inputShape: [5], seed, engine });
  const [first, second, other] = [build(0), build(0), build(1)];
  expect(first.seed).toBe(0);
  expect(bits(first)).toEqual(bits(second));
  expect(bits(first)).not.toEqual(bits(other));
  for (const model of [first, second, other]) model.dispose();
});
