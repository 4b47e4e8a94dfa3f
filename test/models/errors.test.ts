/** Errors: the exact text, and the model to the bit as it was, or at its last completed step. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { layers, optimizers, sequential, type CustomLoss, type Model } from "../../src/index.js";
import { engineOf } from "../builds.js";
import { badInputs } from "./bad-input.js";
import { fingerprint, noise } from "./nets.js";

const engine = engineOf("baseline");
const x = noise(4, 5, 1);
const y = [0, 1, 2, 1];

function trained(optimizer = optimizers.adam()): Model {
  const model = sequential([layers.dense(4), layers.dense({ units: 3, activation: "softmax" })], {
    inputShape: [5],
    seed: 1,
    engine,
  });
  model.compile({ optimizer, loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  model.trainOnBatch(x, y);
  model.predict(x);
  return model;
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What an action throws, or rejects with. */
async function errorOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("bad input", () => {
  const subject = { model: trained(), engine };
  let [state, bytes] = ["", 0];
  beforeAll(() => {
    subject.model.evaluate(x, y);
    [state, bytes] = [fingerprint(subject.model), engine.arena.usedBytes];
  });
  afterAll(() => subject.model.dispose());

  for (const [group, rows] of Object.entries(badInputs)) {
    describe(group, () => {
      test.each(rows)("%s", async (_, act, kind, message) => {
        const error = (await errorOf(() => act(subject))) as Error;
        expect(error).toBeInstanceOf(kind);
        expect(error.constructor).toBe(kind);
        if (message.includes("…")) expect(error.message).toMatch(new RegExp(`^${escape(message).replace("…", ".*")}$`));
        else expect(error.message).toBe(message);
        expect(fingerprint(subject.model)).toBe(state);
        expect(engine.arena.usedBytes).toBe(bytes);
        expect(subject.model.compiled?.options.loss).toBe("sparseCategoricalCrossentropy");
      });
    });
  }
});

describe("disposed models", () => {
  const disposed = trained();
  disposed.dispose();
  const remedy = "the model was disposed. Make a new one, or clone it before dispose().";
  const compile = { optimizer: "adam", loss: "meanSquaredError" } as const;
  const actions: [string, () => unknown][] = [
    ["fit", () => disposed.fit(x, y)],
    ["trainOnBatch", () => disposed.trainOnBatch(x, y)],
    ["gradients", () => disposed.gradients(x, y)],
    ["evaluate", () => disposed.evaluate(x, y)],
    ["predict", () => disposed.predict(x)],
    ["predictMC", () => disposed.predictMC(x)],
    ["compile", () => disposed.compile(compile)],
    ["sequential", () => disposed.getWeights()],
    ["sequential", () => disposed.setWeights({ "dense/bias": [1, 2, 3, 4] })],
    ["sequential", () => disposed.summary()],
    ["sequential", () => disposed.clone()],
    ["sequential", () => disposed.getLayer(0)],
    ["sequential", () => sequential([disposed], { inputShape: [5], engine })],
  ];
  test.each(actions)("say so: %s", async (where, action) => {
    const error = (await errorOf(action)) as Error;
    expect([error.constructor, error.message]).toEqual([Error, `${where}: ${remedy}`]);
    expect(engine.arena.usedBytes).toBe(0);
  });

  test("say so in the middle of fit", async () => {
    const model = trained();
    const fitted = model.fit(x, y, { epochs: 2, callbacks: [{ onEpochEnd: () => model.dispose() }] });
    expect(((await errorOf(() => fitted)) as Error).message).toBe(`fit: ${remedy}`);
    expect(engine.arena.usedBytes).toBe(0);
  });
});

describe("failures on the way", () => {
  test("a compile that fails leaves the former one, optimizer state included", () => {
    const model = trained();
    const before = fingerprint(model);
    expect(() =>
      model.compile({ optimizer: "adam", loss: "meanSquaredError", metrics: ["nonsense" as never] }),
    ).toThrow();
    expect(fingerprint(model)).toBe(before);
    expect(Object.keys(model.trainOnBatch(x, y))).toEqual(["loss", "accuracy"]);
    model.dispose();
  });

  test("a schedule that leaves its range stops before the step", async () => {
    const model = trained(optimizers.sgd({ learningRate: (step) => (step < 3 ? 0.1 : NaN) }));
    const states: string[] = [];
    const callbacks = [{ onBatchEnd: () => void states.push(fingerprint(model)) }];
    const error = (await errorOf(() => model.fit(x, y, { batchSize: 1, callbacks }))) as Error;
    expect(error.message).toMatch(/^sgd \(step 3\): learningRate must be .*Received: learningRate=NaN\.$/);
    expect([states.length, fingerprint(model)]).toEqual([2, states[1]]);
    model.optimizer.learningRate = 0.1;
    expect((await model.fit(x, y)).stopReason).toBe("completed");
    model.dispose();
  });

  const bad: [string, unknown, string][] = [
    ["nothing", undefined, "own: a custom loss must return { value, gradient }. Received: result=undefined."],
    [
      "one value for all rows",
      { value: [1], gradient: new Float32Array(12) },
      "own: value must be an array of floats, one number per sample, 4. Received: value.length=1.",
    ],
    [
      "no gradient",
      { value: [1, 2, 3, 4] },
      "own: gradient must be an array of floats, one number per element of yPred, 12. Received: gradient=undefined.",
    ],
  ];
  test.each(bad)("an own loss that returns %s", (_, result, message) => {
    const model = trained();
    const own = (() => result) as unknown as CustomLoss;
    Object.defineProperty(own, "name", { value: "own" });
    model.compile({ optimizer: "sgd", loss: own });
    const before = fingerprint(model);
    expect(() => model.trainOnBatch(x, noise(4, 3, 1))).toThrow(message);
    expect(fingerprint(model)).toBe(before);
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    model.trainOnBatch(x, noise(4, 3, 1));
    model.dispose();
  });

  test("a batch of the wrong shape in the middle of an epoch", async () => {
    const model = trained();
    const batches = [
      [x, y],
      [x, y],
      [noise(4, 4, 1), y],
      [x, y],
    ];
    const error = (await errorOf(() => model.fit(batches as never, { epochs: 1 }))) as Error;
    expect(error.message).toBe("fit: x must have shape [batch, 5]. Received: shape=[4, 4].");
    expect(model.steps).toBe(3);
    model.dispose();
  });

  test("NaN in the data reaches the loss and the callbacks, and stops nothing by itself", async () => {
    const model = trained();
    const { history } = await model.fit(x.data.with(3, NaN), y);
    expect(history["loss"]).toEqual([NaN]);
    model.dispose();
  });

  test("a layer cannot be used on two engines", () => {
    const layer = layers.dense(2);
    const [here, other] = [sequential([layer], { inputShape: [5], engine }), engineOf("baseline")];
    expect(() => sequential([layer], { inputShape: [5], engine: other })).toThrow(
      "dense: the layer belongs to another engine.",
    );
    expect(other.arena.usedBytes).toBe(0);
    here.dispose();
  });

  test("after a trap every run says that the engine cannot be used", async () => {
    const broken = engineOf("debug");
    const model = sequential([layers.dense(2)], { inputShape: [5], seed: 1, engine: broken });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    model.trainOnBatch(x, noise(4, 2, 1));
    // A parameter whose address lies outside the memory makes a real kernel trap.
    Object.assign(model.getLayer(0).parameter("kernel"), { address: 2 ** 31 });
    expect(() => model.evaluate(x, noise(4, 2, 1))).toThrow(WebAssembly.RuntimeError);
    for (const action of [
      () => model.predict(x),
      () => model.trainOnBatch(x, noise(4, 2, 1)),
      () => model.predictMC(x),
    ]) {
      expect(action).toThrow(
        /^Engine: a kernel failed earlier \(.*\); call dispose\(\) and init\(\), and load saved weights\.$/,
      );
    }
    await expect(model.fit(x, noise(4, 2, 1))).rejects.toThrow(/^Engine: a kernel failed earlier/);
  });
});

test("everything was given back", () => expect(engine.arena.usedBytes).toBe(0));
