/** Freezing and unfreezing: what moves, what stays to the bit, and that neither needs a new compile. */
import { afterAll, describe, expect, test } from "vitest";
import {
  constraints,
  functional,
  input,
  layers,
  losses,
  optimizers,
  regularizers,
  sequential,
  type Model,
} from "../../src/index.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import { engineOf } from "../builds.js";
import { expectClose } from "../closeness.js";
import { bits, labels, noise } from "./nets.js";

const engine = engineOf("baseline");
const x = noise(24, 5, 1);
const y = labels(24, 3, 2);

afterAll(() => expect(engine.arena.usedBytes).toBe(0));

/** Everything about a layer that training could move: weights, statistics, slots and their numbers. */
function bytesOf(model: Model, names: readonly string[]): string[] {
  return [...model.built.parameters]
    .filter(([name]) => names.some((layer) => name.startsWith(`${layer}/`)))
    .map(([name, parameter]) => {
      const state = model.optimizer.state(parameter);
      const read = (address: number) =>
        Buffer.from(engine.u8.slice(address, address + parameter.size * 4)).toString("hex");
      const slots = Object.entries(state?.slots ?? {}).map(([slot, address]) => `${slot} ${read(address)}`);
      return [name, read(parameter.address), ...slots, JSON.stringify(state?.scalars)].join(" ");
    });
}

function net(optimizer: OptimizerSpec): Model {
  const model = sequential(
    [
      layers.dense({ units: 9, name: "a", kernelConstraint: constraints.maxNorm(0.8), kernelRegularizer: "l2" }),
      layers.batchNormalization({ name: "norm", momentum: 0.5 }),
      layers.activation("elu"),
      layers.dropout(0.3),
      layers.dense({ units: 9, activation: "tanh", name: "b", biasConstraint: "nonNegative" }),
      layers.dense({ units: 3, activation: "softmax", name: "c" }),
    ],
    { inputShape: [5], seed: 3, engine },
  );
  model.compile({ optimizer, loss: "sparseCategoricalCrossentropy" });
  return model;
}

const fitOptions = { epochs: 2, batchSize: 8, verbose: 0 } as const;

describe("frozen layers are bit-identical through fit, slots included, with", () => {
  const cases: [string, OptimizerSpec][] = [
    ["momentum", optimizers.sgd({ momentum: 0.9, nesterov: true })],
    ["weight decay", optimizers.adamW({ learningRate: 0.01, weightDecay: 0.1 })],
    ["coupled weight decay", optimizers.adam({ compat: "torch", weightDecay: 0.1 })],
    ["an average of the weights", optimizers.adam({ useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 2 })],
    ["an average written at the end", optimizers.nadam({ useEma: true, emaMomentum: 0.5 })],
    ["gradient accumulation", optimizers.rmsprop({ gradientAccumulationSteps: 2, momentum: 0.5, centered: true })],
    ["a global norm", optimizers.adamax({ globalClipNorm: 0.01 })],
  ];
  test.each(cases)("%s", async (_, optimizer) => {
    const model = net(optimizer);
    await model.fit(x, y, fitOptions); // slots with something in them
    model.getLayer("a").trainable = false;
    model.getLayer("norm").trainable = false;
    const frozen = bytesOf(model, ["a", "norm"]);
    const learning = bytesOf(model, ["b", "c"]);
    await model.fit(x, y, fitOptions);
    const accumulates = optimizer.options.gradientAccumulationSteps > 1;
    if (!accumulates) expect(bytesOf(model, ["a", "norm"])).toEqual(frozen);
    else expect(bytesOf(model, ["a", "norm"]).map(withoutCount)).toEqual(frozen.map(withoutCount));
    for (const [i, bytes] of bytesOf(model, ["b", "c"]).entries()) expect(bytes).not.toBe(learning[i]);

    // Unfrozen they go on from there, without a new compile.
    model.getLayer("a").trainable = true;
    model.getLayer("norm").trainable = true;
    await model.fit(x, y, fitOptions);
    for (const [i, bytes] of bytesOf(model, ["a", "norm"]).entries()) expect(bytes).not.toBe(frozen[i]);
    model.dispose();
  });
});

/** How much the window's accumulator holds: windows end for all parameters at once. */
const withoutCount = (bytes: string): string => bytes.replace(/"accumulated":\d+/, "");

describe("trainable", () => {
  test("false on all but the last layer trains that layer on what the others infer", async () => {
    const model = net(optimizers.adam());
    for (const layer of model.layers.slice(0, -1)) layer.trainable = false;
    expect(model.parameters.filter(({ trainable }) => trainable).map(({ name }) => name)).toEqual([
      "c/kernel",
      "c/bias",
    ]);
    expect([...model.gradients(x, y).keys()]).toEqual(["c/kernel", "c/bias"]);
    const before = bits(model);
    await model.fit(x, y, fitOptions);
    const changed = Object.entries(bits(model)).filter(([name, value]) => value !== before[name]);
    expect(changed.map(([name]) => name)).toEqual(["c/kernel", "c/bias"]);
    model.dispose();
  });

  test("takes effect at the next step, in the middle of fit too", async () => {
    const model = net(optimizers.adam());
    const seen: string[][] = [];
    await model.fit(x, y, {
      epochs: 2,
      batchSize: 8,
      callbacks: [
        {
          onBatchEnd(batch) {
            seen.push(bytesOf(model, ["a"]));
            model.getLayer("a").trainable = batch !== 0;
          },
        },
      ],
    });
    // Frozen after the first batch of each epoch, unfrozen after the second.
    const same = seen.slice(1).map((bytes, i) => bytes.join() === seen[i]!.join());
    expect(same).toEqual([true, false, false, true, false]);
    model.dispose();
  });

  test("of a layer that was never trained starts its optimizer at step 1", async () => {
    const model = net(optimizers.adam({ learningRate: 0.01 }));
    model.getLayer("b").trainable = false;
    await model.fit(x, y, fitOptions);
    const kernel = model.built.parameters.get("b/kernel")!;
    expect(model.optimizer.state(kernel)).toBeUndefined();
    model.getLayer("b").trainable = true;
    const [gradient, before] = [model.gradients(x, y).get("b/kernel")!.data, model.getWeights().get("b/kernel")!.data];
    model.trainOnBatch(x, y);
    expect(model.optimizer.state(kernel)!.scalars["updates"]).toBe(1);
    // Adam's first step: the learning rate times the gradient's sign, but for epsilon.
    const moved = model.getWeights().get("b/kernel")!.data;
    for (const [i, g] of gradient.entries()) {
      if (Math.abs(g) > 1e-3) expectClose([moved[i]! - before[i]!], [-0.01 * Math.sign(g)], { relative: 1e-2 });
    }
    model.dispose();
  });

  test("a frozen batch normalization infers, and its statistics stay", () => {
    const model = sequential([layers.batchNormalization({ name: "norm" }), layers.dense({ units: 1, name: "out" })], {
      inputShape: [5],
      seed: 1,
      engine,
    });
    const target = noise(24, 1, 3);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: "meanSquaredError" });
    model.trainOnBatch(x, target); // statistics that differ from the batch's
    expect(model.trainOnBatch(x, target)["loss"]).not.toBe(model.evaluate(x, target)["loss"]);
    model.getLayer("norm").trainable = false;
    expect(model.trainOnBatch(x, target)["loss"]).toBe(model.evaluate(x, target)["loss"]);
    const statistics = () => [bits(model)["norm/movingMean"], bits(model)["norm/movingVariance"]];
    const frozen = statistics();
    model.trainOnBatch(x, target);
    expect(statistics()).toEqual(frozen);
    model.getLayer("norm").trainable = true;
    model.trainOnBatch(x, target);
    expect(statistics()).not.toEqual(frozen);
    model.dispose();
  });

  test.each([{ scale: false }, { center: false }, { scale: false, center: false }])(
    "batch normalization with %o trains",
    async (options) => {
      const model = sequential(
        [
          layers.dense({ units: 7 }),
          layers.batchNormalization(options),
          layers.dense({ units: 3, activation: "softmax" }),
        ],
        { inputShape: [5], seed: 1, engine },
      );
      model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
      const { history } = await model.fit(x, y, { epochs: 30, batchSize: 8 });
      expect(history["loss"]!.at(-1)!).toBeLessThan(0.9 * history["loss"]![0]!);
      model.dispose();
    },
  );

  test("dropout in a frozen layer stays on while training", () => {
    const model = sequential([layers.dropout({ rate: 0.5, name: "drop" }), layers.dense(1)], {
      inputShape: [5],
      seed: 1,
      engine,
    });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: "meanSquaredError" });
    model.getLayer("drop").trainable = false;
    const target = noise(24, 1, 3);
    expect(model.trainOnBatch(x, target)["loss"]).not.toBe(model.trainOnBatch(x, target)["loss"]);
    model.dispose();
  });

  test("a frozen layer's penalty is not part of the loss", () => {
    const model = sequential([layers.dense({ units: 1, kernelRegularizer: "l2", name: "one" }), layers.dense(1)], {
      inputShape: [5],
      seed: 1,
      engine,
    });
    const target = noise(24, 1, 3);
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const whole = model.evaluate(x, target)["loss"]!;
    const kernel = model.getWeights().get("one/kernel")!.data;
    model.getLayer("one").trainable = false;
    const penalty = 0.01 * kernel.reduce((sum, w) => sum + w * w, 0);
    expectClose([whole - model.evaluate(x, target)["loss"]!], [penalty], { relative: 1e-5 });
    model.dispose();
  });

  test("nothing left to learn is an error that says so", () => {
    const model = net(optimizers.sgd());
    model.trainable = false;
    expect(() => model.trainOnBatch(x, y)).toThrow(
      /^trainOnBatch: nothing would learn; every layer with weights is frozen/,
    );
    expect([...model.gradients(x, y).keys()]).toEqual([]);
    model.trainable = true;
    model.trainOnBatch(x, y);
    model.dispose();
  });

  test("learningRateScale 0.1 moves a layer a tenth as far", () => {
    const moves = [1, 0.1].map((learningRateScale) => {
      const model = sequential([layers.dense({ units: 1, useBias: false, learningRateScale })], {
        inputShape: [5],
        seed: 1,
        engine,
      });
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      const before = model.getWeights().get("dense/kernel")!.data;
      model.trainOnBatch(x, noise(24, 1, 3));
      const moved = model
        .getWeights()
        .get("dense/kernel")!
        .data.map((w, i) => w - before[i]!);
      model.dispose();
      return moved;
    });
    expectClose(
      moves[1]!,
      moves[0]!.map((step) => step / 10),
      { relative: 1e-3, absolute: 1e-8 },
    );
  });
});

describe("models in models", () => {
  function gan() {
    const generator = sequential([layers.dense({ units: 5, name: "make" })], {
      inputShape: [2],
      seed: 1,
      name: "generator",
      engine,
    });
    const discriminator = sequential(
      [
        layers.dense({ units: 6, activation: "relu" }),
        layers.batchNormalization(),
        layers.dense({ units: 1, activation: "sigmoid" }),
      ],
      { inputShape: [5], seed: 2, name: "discriminator", engine },
    );
    const both = sequential([generator, discriminator], { seed: 3, engine });
    for (const model of [discriminator, both]) model.compile({ optimizer: "adam", loss: "binaryCrossentropy" });
    return { generator, discriminator, both };
  }

  test("freezing a nested model freezes all its layers, inference of batch normalization included", () => {
    const { generator, discriminator, both } = gan();
    discriminator.trainable = false;
    const before = { generator: bits(generator), discriminator: bits(discriminator) };
    both.trainOnBatch(noise(8, 2, 1), new Float32Array(8).fill(1));
    expect(bits(discriminator)).toEqual(before.discriminator);
    expect(bits(generator)).not.toEqual(before.generator);
    expect(both.parameters.filter(({ trainable }) => trainable).map(({ name }) => name)).toEqual([
      "generator/make/kernel",
      "generator/make/bias",
    ]);
    // Toggled back and forth, as adversarial training does, without compiling again.
    discriminator.trainable = true;
    generator.trainable = false;
    const made = bits(generator);
    discriminator.trainOnBatch(x, new Float32Array(24));
    both.trainOnBatch(noise(8, 2, 1), new Float32Array(8).fill(1));
    expect(bits(discriminator)).not.toEqual(before.discriminator);
    expect(bits(generator)).toEqual(made);
    for (const model of [both, discriminator, generator]) model.dispose();
  });

  test("a layer learns only where all models around it are trainable", () => {
    const inner = sequential([layers.dense({ units: 2, name: "deep" })], { name: "inner", engine });
    const middle = sequential([inner], { name: "middle", engine });
    const outer = sequential([middle, layers.dense({ units: 3, activation: "softmax", name: "top" })], {
      inputShape: [5],
      seed: 1,
      engine,
    });
    const learning = () =>
      outer.parameters.filter(({ trainable }) => trainable).map(({ name }) => name.split("/").at(-2));
    expect(learning()).toEqual(["deep", "deep", "top", "top"]);
    for (const scope of [inner, middle, outer.getLayer("middle/inner/deep")]) {
      scope.trainable = false;
      expect(learning()).toEqual(["top", "top"]);
      scope.trainable = true;
    }
    outer.getLayer<Model>("middle/inner").trainable = false;
    expect([inner.trainable, learning()]).toEqual([false, ["top", "top"]]);
    outer.trainable = false;
    expect(learning()).toEqual([]);
    outer.dispose();
  });

  test("transfer learning: layers of a trained model under a new head, frozen then fine-tuned", async () => {
    const base = sequential(
      [
        layers.dense({ units: 8, activation: "relu", name: "low" }),
        layers.dense({ units: 3, activation: "softmax", name: "old" }),
      ],
      { inputShape: [5], seed: 1, engine },
    );
    base.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
    await base.fit(x, y, fitOptions);
    const start = input({ shape: [5] });
    const low = base.getLayer("low");
    const head = layers.dense({ units: 1, name: "new" });
    const tuned = functional({ inputs: start, outputs: head.apply(low.apply(start)), seed: 2, engine });
    tuned.compile({ optimizer: "adam", loss: losses.huber() });
    const learned = bits(base)["low/kernel"];
    expect(bits(tuned)["low/kernel"]).toBe(learned);
    low.trainable = false;
    await tuned.fit(x, noise(24, 1, 3), fitOptions);
    expect(bits(base)["low/kernel"]).toBe(learned);
    low.trainable = true;
    base.dispose(); // the shared layer lives on in the other model
    await tuned.fit(x, noise(24, 1, 3), fitOptions);
    expect(bits(tuned)["low/kernel"]).not.toBe(learned);
    tuned.dispose();
  });

  test("cacheFrozen changes no bit, also where frozen layers have random slopes", async () => {
    const states = await Promise.all(
      [false, true].map(async (cacheFrozen) => {
        const list = [
          layers.dense({ units: 8, name: "fixed", trainable: false }),
          layers.rrelu(),
          layers.dense({ units: 6, name: "also", trainable: false }),
          layers.dense({ units: 3, activation: "softmax" }),
        ];
        const model = sequential(list, { inputShape: [5], seed: 1, engine });
        model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
        const { history } = await model.fit(x, y, { ...fitOptions, cacheFrozen, validationData: [x, y] });
        const state = { history, weights: bits(model) };
        model.dispose();
        return state;
      }),
    );
    expect(states[1]).toEqual(states[0]);
  });

  test("a layer's state in one model's optimizer is its own", () => {
    const shared = layers.dense({ units: 3, name: "shared", kernelRegularizer: regularizers.l2() });
    const models = [1, 2].map((seed) => {
      const start = input({ shape: [5] });
      const model = functional({ inputs: start, outputs: shared.apply(start), seed, engine });
      model.compile({ optimizer: optimizers.sgd({ momentum: 0.9 }), loss: "meanSquaredError" });
      return model;
    });
    models[0]!.trainOnBatch(x, noise(24, 3, 1));
    const parameter = models[0]!.built.parameters.get("shared/kernel")!;
    expect(models[1]!.built.parameters.get("shared/kernel")).toBe(parameter);
    expect(models[0]!.optimizer.state(parameter)!.scalars["updates"]).toBe(1);
    expect(models[1]!.optimizer.state(parameter)).toBeUndefined();
    for (const model of models) model.dispose();
  });
});
