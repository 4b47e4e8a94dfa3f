/** What a model is made of: names, paths, summary, weights by name, clones, shared layers and who owns what. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { functional, input, layers, sequential, tensor, type Model, type Tensor } from "../../src/index.js";
import { engineOf } from "../builds.js";
import { bits, fingerprint, labels, noise } from "./nets.js";

const engine = engineOf("baseline");
const x = noise(6, 5, 1);

let usedBefore = 0;
beforeEach(() => void (usedBefore = engine.arena.usedBytes));
const leaked = (): number => engine.arena.usedBytes - usedBefore;
afterEach(() => expect(leaked()).toBe(0));

const encoder = (): Model =>
  sequential([layers.dense({ units: 4, activation: "relu" }), layers.batchNormalization()], {
    inputShape: [5],
    seed: 2,
    name: "encoder",
    engine,
  });

function nested() {
  const inner = encoder();
  const model = sequential([inner, layers.dense(3), layers.dense({ units: 2, name: "top" })], { seed: 3, engine });
  return { inner, model };
}

describe("names", () => {
  test("count per model: the same code gives the same names", () => {
    for (let i = 0; i < 2; i++) {
      const model = sequential(
        [
          layers.dense(4),
          layers.dense(4),
          layers.activation("relu"),
          layers.dense({ units: 4, name: "dense_1" }),
          layers.reLU(),
          layers.dense(4),
        ],
        { inputShape: [5], engine },
      );
      expect(model.layers.map(({ name }) => name)).toEqual([
        "dense",
        "dense_2",
        "activation",
        "dense_1",
        "activation_1",
        "dense_3",
      ]);
      expect(model.outputNames).toEqual(["dense_3"]);
      model.dispose();
    }
  });

  test("of nested models are paths, of a shared layer its first path", () => {
    const { inner, model } = nested();
    expect(model.parameters.map(({ name, shape, trainable, count }) => [name, shape, trainable, count])).toEqual([
      ["encoder/dense/kernel", [5, 4], true, 20],
      ["encoder/dense/bias", [4], true, 4],
      ["encoder/batchNormalization/gamma", [4], true, 4],
      ["encoder/batchNormalization/beta", [4], true, 4],
      ["encoder/batchNormalization/movingMean", [4], false, 4],
      ["encoder/batchNormalization/movingVariance", [4], false, 4],
      ["dense/kernel", [4, 3], true, 12],
      ["dense/bias", [3], true, 3],
      ["top/kernel", [3, 2], true, 6],
      ["top/bias", [2], true, 2],
    ]);
    expect(model.countParams()).toBe(63);
    expect([...inner.getWeights().keys()][0]).toBe("dense/kernel");
    model.dispose();
    inner.dispose();
  });

  test("of inputs and outputs", () => {
    const [a, b, c] = [input({ shape: [2] }), input({ shape: [2], name: "side" }), input({ shape: [2] })];
    const sum = layers.add().apply(a, b, c);
    const model = functional({ inputs: [a, b, c], outputs: [sum, layers.dense(2).apply(sum), sum, b], engine });
    expect(model.inputNames).toEqual(["input", "side", "input_2"]);
    expect(model.outputNames).toEqual(["add", "dense", "add_1", "side"]);
    model.dispose();
  });

  test("getLayer finds layers by name, path and position, and nested models", () => {
    const { inner, model } = nested();
    const first = inner.getLayer("dense");
    expect(model.getLayer("encoder/dense")).toBe(first);
    expect(model.getLayer<Model>("encoder")).toBe(inner);
    expect(model.getLayer(0)).toBe(first);
    expect(model.getLayer(-1)).toBe(model.getLayer("top"));
    expect(model.getLayer("dense").parameters[0]!.shape).toEqual([4, 3]);
    expect(() => model.getLayer("encoder/dens")).toThrow(
      'getLayer: name must be one of encoder, dense, top, encoder/dense, encoder/batchNormalization. Received: name="encoder/dens".',
    );
    expect(() => model.getLayer(4)).toThrow(
      "getLayer: index must be below 4, the number of layers. Received: index=4.",
    );
    model.dispose();
    inner.dispose();
  });

  test("summary has a line per layer call, frozen ones marked, and totals", () => {
    const { inner, model } = nested();
    inner.trainable = false;
    expect(model.summary().split("\n")).toEqual([
      "sequential (seed 3)",
      "layer                       kind                output      parameters",
      "-".repeat(78),
      "encoder/dense               dense               [batch, 4]          24  frozen",
      "encoder/batchNormalization  batchNormalization  [batch, 4]          16  frozen",
      "dense                       dense               [batch, 3]          15",
      "top                         dense               [batch, 2]           8",
      "-".repeat(78),
      "parameters: 63, of which 23 learn",
    ]);
    model.dispose();
    inner.dispose();
  });
});

describe("graphs", () => {
  test("a model without input shape is built from the first data it sees", () => {
    const model = sequential([layers.flatten(), layers.dense(2)], { seed: 1, engine });
    expect(model.predict(tensor(new Float32Array(24), [2, 3, 4])).shape).toEqual([2, 2]);
    expect(model.parameters[0]!.shape).toEqual([12, 2]);
    model.dispose();
  });

  test("layers applied twice, skipped connections and an input that is an output", () => {
    const start = input({ shape: [5] });
    const shared = layers.dense({ units: 5, activation: "tanh", name: "shared" });
    const once = shared.apply(start);
    const end = layers.add().apply([shared.apply(once), start, once]);
    const model = functional({ inputs: start, outputs: [end, start], seed: 1, engine });
    expect([...model.getWeights().keys()]).toEqual(["shared/kernel", "shared/bias"]);
    const [w, b] = [...model.getWeights().values()] as [Tensor, Tensor];
    const layer = (row: number[]) =>
      row.map((_, j) => Math.tanh(row.reduce((sum, value, i) => sum + value * w.data[i * 5 + j]!, b.data[j]!)));
    const [y, same] = model.predict(x) as unknown as [Tensor, Tensor];
    expect(same.data).toEqual(x.data);
    for (let r = 0; r < 6; r++) {
      const row = [...x.data.subarray(r * 5, r * 5 + 5)];
      const [one, two] = [layer(row), layer(layer(row))];
      for (let j = 0; j < 5; j++) expect(y.at(r, j)).toBeCloseTo(two[j]! + row[j]! + one[j]!, 5);
    }
    model.dispose();
  });

  test("a very deep net does not overflow the stack", () => {
    const start = input({ shape: [2] });
    let node = start;
    for (let i = 0; i < 12_000; i++) node = layers.rescaling({ scale: 1, name: `layer${i}` }).apply(node);
    const model = functional({ inputs: start, outputs: node, engine });
    expect(model.layers).toHaveLength(12_000);
    model.dispose();
  });

  test("an unused part of the graph is no part of the model", () => {
    const start = input({ shape: [5] });
    const used = layers.dense({ units: 2, name: "used" }).apply(start);
    layers.dense({ units: 2, name: "unused" }).apply(used);
    const model = functional({ inputs: start, outputs: used, engine });
    expect([...model.getWeights().keys()]).toEqual(["used/kernel", "used/bias"]);
    model.dispose();
  });
});

describe("weights", () => {
  test("getWeights gives copies in row-major order that setWeights takes back to the bit", () => {
    const { inner, model } = nested();
    const weights = model.getWeights();
    const before = bits(model);
    for (const { data } of weights.values()) data.fill(7);
    expect(bits(model)).toEqual(before);
    expect(model.setWeights(weights)).toEqual({ matched: [...weights.keys()], missing: [], unexpected: [] });
    expect([...model.getWeights().values()].every(({ data }) => data.every((value) => value === 7))).toBe(true);
    model.dispose();
    inner.dispose();
  });

  test("setWeights reports what it did with each name, and takes nested arrays, tensors and flat arrays", () => {
    const model = sequential([layers.dense({ units: 2, name: "a" }), layers.dense({ units: 1, name: "b" })], {
      inputShape: [2],
      engine,
    });
    const report = model.setWeights({
      "a/kernel": [
        [1, 2],
        [3, 4],
      ],
      "a/bias": tensor([5, 6]),
      "b/kernel": Float32Array.of(7, 8),
      "c/kernel": [9],
    });
    expect(report).toEqual({
      matched: ["a/kernel", "a/bias", "b/kernel"],
      missing: ["b/bias"],
      unexpected: ["c/kernel"],
    });
    // [1, 1] -> [1 + 3 + 5, 2 + 4 + 6] -> 9 * 7 + 12 * 8
    expect(model.predict([[1, 1]]).toArray()).toEqual([[159]]);
    model.dispose();
  });

  test("setWeights changes nothing where a shape is wrong or no name fits", () => {
    const model = sequential([layers.dense({ units: 2, name: "a" })], { inputShape: [3], seed: 1, engine });
    const before = bits(model);
    expect(() => model.setWeights({ "a/bias": [1, 2], "a/kernel": [[1, 2]] })).toThrow(
      "setWeights: a/kernel has shape [3, 2]. Received: shape=[1, 2].",
    );
    expect(() => model.setWeights({ kernel: [1] })).toThrow(
      'setWeights: no name matches; the model has a/kernel, a/bias. Received: names=["kernel"].',
    );
    expect(bits(model)).toEqual(before);
    model.dispose();
  });

  test("initial weights are a function of the seed and the layer's place", () => {
    const build = (seed: number) =>
      sequential([layers.dense({ units: 5, name: "a" }), layers.dense({ units: 5, name: "b" })], {
        inputShape: [5],
        seed,
        engine,
      });
    const [one, same, other] = [build(0), build(0), build(1)];
    expect(bits(one)).toEqual(bits(same));
    expect(bits(one)["a/kernel"]).not.toBe(bits(one)["b/kernel"]);
    expect(bits(one)["a/kernel"]).not.toBe(bits(other)["a/kernel"]);
    for (const model of [one, same, other]) model.dispose();
  });
});

describe("clone", () => {
  test("has the same structure, names, switches and weights, and layers of its own", async () => {
    const { inner, model } = nested();
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    model.trainOnBatch(x, noise(6, 2, 2));
    inner.getLayer("batchNormalization").trainable = false;
    const copy = model.clone();
    expect(copy.summary()).toBe(model.summary());
    expect(bits(copy)).toEqual(bits(model));
    expect(copy.predict(x).data).toEqual(model.predict(x).data);
    expect([copy.seed, copy.name, copy.steps]).toEqual([3, "sequential", 0]);
    for (const [i, layer] of copy.layers.entries()) expect(layer).not.toBe(model.layers[i]);

    const before = fingerprint(model);
    copy.compile({ optimizer: "adam", loss: "meanSquaredError" });
    await copy.fit(x, noise(6, 2, 2), { epochs: 2 });
    expect(bits(copy)).not.toEqual(bits(model));
    expect(fingerprint(model)).toBe(before);
    model.dispose();
    inner.dispose();
    expect(copy.predict(x).shape).toEqual([6, 2]);
    copy.dispose();
    expect(leaked()).toBe(0);
  });

  test("keeps what is shared shared", () => {
    const [a, b] = [input({ shape: [5], name: "left" }), input({ shape: [5], name: "right" })];
    const inner = encoder();
    const shared = layers.dense({ units: 2, name: "shared" });
    const outputs = [shared.apply(inner.apply(a)), shared.apply(inner.apply(b))];
    const model = functional({ inputs: [a, b], outputs, seed: 1, name: "pair", engine });
    const copy = model.clone({ name: "twin" });
    expect([copy.name, copy.inputNames, copy.layers.length]).toEqual(["twin", ["left", "right"], 3]);
    expect([...copy.getWeights().keys()]).toEqual([...model.getWeights().keys()]);
    const [left, right] = copy.predict([x, x]) as unknown as [Tensor, Tensor];
    expect(left.data).toEqual(right.data);
    copy.getLayer<Model>("encoder").trainable = false;
    expect(inner.trainable).toBe(true);
    for (const each of [copy, model, inner]) each.dispose();
  });

  test("without weights is a new draw: of the same seed the same one, of another another", () => {
    const model = sequential([layers.dense(4)], { inputShape: [5], seed: 5, engine });
    const first = bits(model);
    model.setWeights({ "dense/bias": [1, 2, 3, 4] });
    const [again, other] = [model.clone({ weights: false }), model.clone({ weights: false, seed: 6 })];
    expect(bits(again)).toEqual(first);
    expect(other.seed).toBe(6);
    expect(bits(other)["dense/kernel"]).not.toBe(first["dense/kernel"]);
    for (const each of [model, again, other]) each.dispose();
  });

  test("of a clone's nested model lives on its own", () => {
    const { inner, model } = nested();
    const copy = model.clone();
    const part = copy.getLayer<Model>("encoder");
    expect(part.predict(x).data).toEqual(inner.predict(x).data);
    model.dispose();
    inner.dispose();
    copy.dispose();
    expect(part.predict(x).shape).toEqual([6, 4]);
    part.dispose();
    expect(leaked()).toBe(0);
  });
});

describe("dispose", () => {
  test("frees what no other model uses; a layer can then be used anew", () => {
    const layer = layers.dense({ units: 3 });
    const build = () => sequential([layer], { inputShape: [5], seed: 1, engine });
    const [first, second] = [build(), build()];
    const kernel = layer.parameter("kernel");
    first.dispose();
    first.dispose(); // twice is once
    expect(layer.parameter("kernel")).toBe(kernel);
    expect(second.predict(x).shape).toEqual([6, 3]);
    second.dispose();
    expect([layer.built, leaked()]).toEqual([false, 0]);
    const third = build();
    const fourth = build();
    third.dispose();
    expect(layer.built).toBe(true);
    fourth.dispose();
    expect(leaked()).toBe(0);
  });

  test("a failed build counts for nothing: a layer in it can be used, shared and freed as any other", () => {
    const layer = layers.dense({ units: 3, name: "same" });
    const start = input({ shape: [5] });
    const ends = [layer.apply(start), layers.dense({ units: 3, name: "same" }).apply(start)];
    expect(() => functional({ inputs: start, outputs: ends, engine })).toThrow("names must be unique");
    const broken = layers.dense({ units: 2, kernelConstraint: { name: "broken", options: {}, check: () => { throw new Error("no"); }, apply() {} } }); // prettier-ignore
    expect(() => sequential([layer, broken], { inputShape: [5], engine })).toThrow("no");
    expect([layer.built, leaked()]).toEqual([false, 0]);
    const models = [1, 2].map((seed) => sequential([layer], { inputShape: [5], seed, engine }));
    models[0]!.dispose();
    expect(models[1]!.predict(x).shape).toEqual([6, 3]);
    models[1]!.dispose();
    expect(leaked()).toBe(0);
  });

  test("works as using declares it", () => {
    const model = sequential([layers.dense(2)], { inputShape: [5], engine });
    model[Symbol.dispose]();
    expect(leaked()).toBe(0);
    expect(() => model.predict(x)).toThrow("the model was disposed");
  });

  test("leaves a compiled, trained model's memory to the next one", async () => {
    const run = async () => {
      const { inner, model } = nested();
      model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
      await model.fit(x, labels(6, 2, 1), { validationData: [x, labels(6, 2, 2)] });
      model.clone().dispose();
      model.dispose();
      inner.dispose();
      return engine.memory.buffer.byteLength;
    };
    const first = await run();
    for (let i = 0; i < 5; i++) expect(await run()).toBe(first);
    expect(leaked()).toBe(0);
  });
});
