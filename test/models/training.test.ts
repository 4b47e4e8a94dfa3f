/** fit, trainOnBatch, evaluate, gradients and predict: what they compute, against hand-computed values and plain loops. */
import { afterAll, describe, expect, test } from "vitest";
import {
  functional,
  input,
  layers,
  losses,
  metrics,
  optimizers,
  sequential,
  tensor,
  type Callback,
  type CustomLoss,
  type CustomMetric,
  type Model,
  type ModelData,
  type Tensor,
} from "../../src/index.js";
import type { MetricLike } from "../../src/models/compile.js";
import { shuffledIndices, type Seed } from "../../src/random.js";
import { eachBuild, engineOf } from "../builds.js";
import { expectClose } from "../closeness.js";
import { bits, fingerprint, labels, noise, take } from "./nets.js";

const engine = engineOf("baseline");
/** Of f32 sums of a handful of terms. */
const CLOSE = { relative: 1e-6, absolute: 1e-7 };

/** Everything a net can have: normalization, dropout, two kinds of activation. */
function deepNet(seed: Seed = 1, on = engine): Model {
  return sequential(
    [
      layers.dense({ units: 11, kernelInitializer: "heNormal", useBias: false }),
      layers.batchNormalization(),
      layers.activation("elu"),
      layers.dropout(0.2),
      layers.dense({ units: 3, activation: "softmax" }),
    ],
    { inputShape: [5], seed, engine: on },
  );
}

function compiledNet(seed: Seed = 1, on = engine): Model {
  const model = deepNet(seed, on);
  model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

/** y = w x, with w given and no bias. */
function line(w: number, optimizer: Parameters<Model["compile"]>[0]["optimizer"] = "sgd"): Model {
  const model = sequential([layers.dense({ units: 1, useBias: false, name: "line" })], { inputShape: [1], engine });
  model.setWeights({ "line/kernel": [[w]] });
  model.compile({ optimizer, loss: "meanSquaredError" });
  return model;
}

const weightOf = (model: Model): number => model.getWeights().get("line/kernel")!.data[0]!;

const x = noise(23, 5, 1);
const y = labels(23, 3, 2);

afterAll(() => expect(engine.arena.usedBytes).toBe(0));

describe("history", () => {
  test("has the epochs, every log by name and the reason", async () => {
    const model = compiledNet();
    const { epoch, history, stopReason } = await model.fit(x, y, { epochs: 3, batchSize: 8, validationData: [x, y] });
    expect(epoch).toEqual([0, 1, 2]);
    expect(Object.keys(history)).toEqual(["loss", "accuracy", "val_loss", "val_accuracy", "learningRate"]);
    for (const values of Object.values(history)) expect(values).toHaveLength(3);
    expect(history["learningRate"]).toEqual([1e-3, 1e-3, 1e-3]);
    expect(stopReason).toBe("completed");
    const { loss, accuracy } = model.evaluate(x, y) as { loss: number; accuracy: number };
    expect([history["val_loss"]![2], history["val_accuracy"]![2]]).toEqual([loss, accuracy]);
    model.dispose();
  });

  test("an epoch's loss is the mean over its rows, however they are batched", async () => {
    const model = sequential([layers.dense(1)], { inputShape: [5], seed: 1, engine });
    const target = noise(23, 1, 3);
    model.compile({
      optimizer: optimizers.sgd({ learningRate: 0 }),
      loss: "meanSquaredError",
      metrics: ["meanAbsoluteError"],
    });
    const { loss, meanAbsoluteError } = model.evaluate(x, target) as Record<string, number>;
    for (const batchSize of [1, 5, 8, 23, 100]) {
      const { history } = await model.fit(x, target, { batchSize });
      expectClose(history["loss"]!, [loss!], { ...CLOSE, label: `batch ${batchSize}` });
      expectClose(history["meanAbsoluteError"]!, [meanAbsoluteError!], { ...CLOSE, label: `batch ${batchSize}` });
    }
    model.dispose();
  });

  test("initialEpoch counts on, and validationFreq validates in some epochs only", async () => {
    const model = compiledNet();
    const options = { epochs: 6, initialEpoch: 2, validationData: [x, y], validationFreq: 2 } as const;
    const { epoch, history } = await model.fit(x, y, options);
    expect(epoch).toEqual([2, 3, 4, 5]);
    expect(history["loss"]).toHaveLength(4);
    expect(history["val_loss"]).toHaveLength(2);
    expect(model.optimizer.iterations).toBe(4);
    model.dispose();
  });

  test("no epochs are no history", async () => {
    const model = compiledNet();
    const before = bits(model);
    expect(await model.fit(x, y, { epochs: 0 })).toEqual({ epoch: [], history: {}, stopReason: "completed" });
    expect(bits(model)).toEqual(before);
    model.dispose();
  });
});

describe("batches", () => {
  /** fit, written out with trainOnBatch. */
  function loop(model: Model, epochs: number, batchSize: number, order: (epoch: number) => ArrayLike<number>): void {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const rows = Array.from(order(epoch));
      for (let start = 0; start < rows.length; start += batchSize) {
        const batch = rows.slice(start, start + batchSize);
        model.trainOnBatch(
          take(x, batch),
          batch.map((row) => y[row]!),
        );
      }
    }
  }

  test("are the shuffled rows of each epoch, the last one partial: a function of seed and epochs so far", async () => {
    const [fitted, looped] = [compiledNet(7), compiledNet(7)];
    await fitted.fit(x, y, { epochs: 2, batchSize: 8 });
    await fitted.fit(x, y, { epochs: 1, batchSize: 8 });
    loop(looped, 3, 8, (epoch) => shuffledIndices(23, looped.stream("shuffle"), epoch));
    expect(bits(fitted)).toEqual(bits(looped));
    expect(shuffledIndices(23, looped.stream("shuffle"), 0)).not.toEqual(
      shuffledIndices(23, looped.stream("shuffle"), 1),
    );
    const other = compiledNet(8);
    expect(shuffledIndices(23, other.stream("shuffle"), 0)).not.toEqual(
      shuffledIndices(23, looped.stream("shuffle"), 0),
    );
    for (const model of [fitted, looped, other]) model.dispose();
  });

  test("are the rows in order without shuffling", async () => {
    const [fitted, looped] = [compiledNet(), compiledNet()];
    await fitted.fit(x, y, { epochs: 2, batchSize: 5, shuffle: false });
    loop(looped, 2, 5, () => [...y.keys()]);
    expect(bits(fitted)).toEqual(bits(looped));
    fitted.dispose();
    looped.dispose();
  });

  test("larger than the data are one batch", async () => {
    const [large, whole] = [compiledNet(), compiledNet()];
    await large.fit(x, y, { batchSize: 1000 });
    await whole.fit(x, y, { batchSize: Infinity });
    expect(large.optimizer.iterations).toBe(1);
    expect(fingerprint(large)).toBe(fingerprint(whole));
    large.dispose();
    whole.dispose();
  });

  test("stepsPerEpoch ends an epoch early", async () => {
    const model = compiledNet();
    const { epoch } = await model.fit(x, y, { epochs: 2, batchSize: 4, stepsPerEpoch: 3 });
    expect([epoch, model.optimizer.iterations]).toEqual([[0, 1], 6]);
    model.dispose();
  });

  test("validationSplit holds back the last rows, before shuffling", async () => {
    const [split, given] = [compiledNet(), compiledNet()];
    const head = take(x, [...Array(18).keys()]);
    const tail = take(x, [18, 19, 20, 21, 22]);
    const a = await split.fit(x, y, { epochs: 2, batchSize: 7, validationSplit: 0.2 });
    const b = await given.fit(head, y.subarray(0, 18), {
      epochs: 2,
      batchSize: 7,
      validationData: [tail, y.subarray(18)],
    });
    expect(fingerprint(split)).toBe(fingerprint(given));
    expect(a).toEqual(b);
    split.dispose();
    given.dispose();
  });

  test("in any form of the same numbers are the same batches", async () => {
    const wanted = compiledNet();
    wanted.trainOnBatch(x, y);
    const forms: [string, unknown, unknown][] = [
      ["typed arrays", x.data, Int32Array.from(y)],
      ["nested arrays", x.toArray(), [...y]],
      [
        "rows of typed arrays",
        [...Array(23).keys()].map((r) => x.data.subarray(r * 5, r * 5 + 5)),
        Float64Array.from(y),
      ],
      ["float64", Float64Array.from(x.data), [...y].map((label) => [label])],
      ["by name", { input: x }, { dense_1: y }],
    ];
    for (const [form, data, target] of forms) {
      const model = compiledNet();
      model.trainOnBatch(data as Tensor, target as Tensor);
      expect(bits(model), form).toEqual(bits(wanted));
      model.dispose();
    }
    wanted.dispose();
  });

  test("of bytes are converted on their way in", async () => {
    const bytes = Uint8Array.from({ length: 9 * 4 }, (_, i) => (i * 37) % 256);
    const build = () => {
      const model = sequential([layers.rescaling(1 / 255), layers.dense(2)], { inputShape: [4], seed: 3, engine });
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      return model;
    };
    const [asBytes, asFloats] = [build(), build()];
    const target = noise(9, 2, 4);
    const a = await asBytes.fit(bytes, target, { epochs: 2, batchSize: 4 });
    const b = await asFloats.fit(Float32Array.from(bytes), target, { epochs: 2, batchSize: 4 });
    expect(a).toEqual(b);
    expect(bits(asBytes)).toEqual(bits(asFloats));
    expect(asBytes.predict(new Uint8ClampedArray(bytes)).data).toEqual(
      asFloats.predict([...Array(9).keys()].map((r) => [...bytes.subarray(4 * r, 4 * r + 4)])).data,
    );
    asBytes.dispose();
    asFloats.dispose();
  });
});

describe("weights of rows", () => {
  // y = 2 x at x = 1, 2, 3 with targets 1: errors 1, 3, 5, squares 1, 9, 25, slopes 2 e x = 2, 12, 30.
  const [xs, ys] = [
    [1, 2, 3],
    [1, 1, 1],
  ];

  test("none: means over the rows", () => {
    const model = line(2);
    expectClose([model.evaluate(xs, ys)["loss"]!], [35 / 3], CLOSE);
    expectClose(model.gradients(xs, ys).get("line/kernel")!.data, [44 / 3], CLOSE);
    expectClose([model.trainOnBatch(xs, ys)["loss"]!], [35 / 3], CLOSE);
    expectClose([weightOf(model)], [2 - (0.01 * 44) / 3], CLOSE);
    model.dispose();
  });

  test("sampleWeight 1, 0, 2: (1 + 0 + 50) / 3 and (2 + 0 + 60) / 3", async () => {
    const sampleWeight = [1, 0, 2];
    const model = line(2);
    expectClose([model.evaluate(xs, ys, { sampleWeight })["loss"]!], [17], CLOSE);
    expectClose([model.evaluate(xs, ys, { sampleWeight, batchSize: 2 })["loss"]!], [17], CLOSE);
    expectClose(model.gradients(xs, ys, { sampleWeight }).get("line/kernel")!.data, [62 / 3], CLOSE);
    const { history } = await model.fit(xs, ys, { sampleWeight, validationData: [xs, ys, sampleWeight] });
    expectClose(history["loss"]!, [17], CLOSE);
    const w = 2 - (0.01 * 62) / 3;
    expectClose([weightOf(model)], [w], CLOSE);
    expectClose(history["val_loss"]!, [((w - 1) ** 2 + 2 * (3 * w - 1) ** 2) / 3], { relative: 1e-5 });
    model.dispose();
  });

  test("all 0: nothing moves", () => {
    const model = line(2);
    expect(model.trainOnBatch(xs, ys, { sampleWeight: [0, 0, 0] })["loss"]).toBe(0);
    expect(weightOf(model)).toBe(2);
    model.dispose();
  });

  test("classWeight is the sampleWeight of each row's class, 1 if not named", async () => {
    const oneHot = [...y].map((label) => [0, 1, 2].map((j) => Number(j === label)));
    const weight = [3, 1, 0.5];
    const sampleWeight = [...y].map((label) => weight[label]!);
    const wanted = compiledNet();
    const history = await wanted.fit(x, y, { sampleWeight, epochs: 2, batchSize: 8 });
    const classWeight = { 0: 3, 2: 0.5 };
    const sparse = compiledNet();
    expect(await sparse.fit(x, y, { classWeight, epochs: 2, batchSize: 8 })).toEqual(history);
    expect(bits(sparse)).toEqual(bits(wanted));
    const dense = deepNet();
    dense.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
    const found = await dense.fit(x, oneHot, { classWeight, epochs: 2, batchSize: 8 });
    expectClose(found.history["loss"]!, history.history["loss"]!, { relative: 1e-5 });
    for (const model of [wanted, sparse, dense]) model.dispose();
  });

  test("classWeight of two classes by a 0 or 1 target", async () => {
    const build = () => {
      const model = sequential([layers.dense({ units: 1, activation: "sigmoid" })], {
        inputShape: [5],
        seed: 1,
        engine,
      });
      model.compile({ optimizer: "sgd", loss: "binaryCrossentropy" });
      return model;
    };
    const target = [...y].map((label) => Number(label === 1));
    const [byClass, byRow] = [build(), build()];
    const a = await byClass.fit(x, target, { classWeight: { 1: 4 } });
    const b = await byRow.fit(x, target, { sampleWeight: target.map((t) => (t ? 4 : 1)) });
    expect([a, bits(byClass)]).toEqual([b, bits(byRow)]);
    byClass.dispose();
    byRow.dispose();
  });
});

describe("several inputs and outputs", () => {
  /** sum = w (a + b) by one shared layer, difference = v (a - b). */
  function twoByTwo() {
    const [a, b] = [input({ shape: [1], name: "a" }), input({ shape: [1], name: "b" })];
    const shared = layers.dense({ units: 1, useBias: false, name: "shared" });
    const sum = layers.add({ name: "sum" }).apply(shared.apply(a), shared.apply(b));
    const difference = layers
      .dense({ units: 1, useBias: false, name: "difference" })
      .apply(layers.subtract().apply(a, b));
    const model = functional({ inputs: [a, b], outputs: [sum, difference], engine });
    model.setWeights({ "shared/kernel": [[2]], "difference/kernel": [[3]] });
    return model;
  }
  const data = { a: [1, 2], b: [4, 1] }; // sums 10, 6; differences -9, 3
  const targets = { sum: [9, 8], difference: [-8, 1] }; // errors 1, -2 and -1, 2
  const compile = { optimizer: "sgd", loss: "meanSquaredError" } as const;

  test("the loss is the weighted sum, logged with each output's", async () => {
    const model = twoByTwo();
    model.compile({
      ...compile,
      loss: ["meanSquaredError", "meanAbsoluteError"],
      lossWeights: [2, 0.5],
      metrics: [["meanAbsoluteError"], []],
    });
    expect(model.inputNames).toEqual(["a", "b"]);
    expect(model.outputNames).toEqual(["sum", "difference"]);
    const logs = { loss: 2 * 2.5 + 0.5 * 1.5, sum_loss: 2.5, difference_loss: 1.5, sum_meanAbsoluteError: 1.5 };
    const found = model.evaluate(data, targets);
    expect(Object.keys(found)).toEqual(Object.keys(logs));
    expectClose(Object.values(found), Object.values(logs), CLOSE);
    // d sum / d w = a + b = 5, 3; slopes 2 * 2 e (a + b) / 2 and 0.5 sign(e) (a - b) / 2
    const gradients = model.gradients(data, targets);
    expectClose(gradients.get("shared/kernel")!.data, [2 * (1 * 5 - 2 * 3)], CLOSE);
    expectClose(gradients.get("difference/kernel")!.data, [(0.5 * (-1 * -3 + 1 * 1)) / 2], CLOSE);
    const { history } = await model.fit(data, targets, { validationData: [data, targets] });
    expect(Object.keys(history)).toEqual([
      ...Object.keys(logs),
      ...Object.keys(logs).map((name) => `val_${name}`),
      "learningRate",
    ]);
    model.dispose();
  });

  test("by position and by name are the same", () => {
    const results = [
      {
        given: [
          [data.a, data.b],
          [targets.sum, targets.difference],
        ],
        loss: ["meanSquaredError", "huber"],
        lossWeights: [1, 3],
      },
      {
        given: [data, targets],
        loss: { difference: "huber", sum: "meanSquaredError" },
        lossWeights: { difference: 3 },
      },
    ].map(({ given, loss, lossWeights }) => {
      const model = twoByTwo();
      model.compile({ optimizer: "adam", loss: loss as never, lossWeights: lossWeights as never });
      const logs = model.trainOnBatch(given[0] as never, given[1] as never);
      const weights = bits(model);
      model.dispose();
      return { logs, weights };
    });
    expect(results[0]).toEqual(results[1]);
  });

  test("need no metrics", () => {
    const model = twoByTwo();
    model.compile({ ...compile, loss: [losses.meanSquaredError(), losses.huber()] });
    expect(Object.keys(model.evaluate(data, targets))).toEqual(["loss", "sum_loss", "difference_loss"]);
    model.dispose();
  });

  test("an output without a loss learns nothing by itself", () => {
    const model = twoByTwo();
    model.compile({ ...compile, loss: { sum: "meanSquaredError" } });
    expect([...model.gradients(data, { sum: targets.sum }).keys()]).toEqual(["shared/kernel"]);
    expect(Object.keys(model.evaluate(data, { sum: targets.sum }))).toEqual(["loss", "sum_loss"]);
    model.dispose();
  });

  test("weights of rows for all outputs, or for each", () => {
    const model = twoByTwo();
    model.compile({ ...compile, loss: ["meanSquaredError", "meanSquaredError"] });
    const lossOf = (sampleWeight: unknown) =>
      model.evaluate(data, targets, { sampleWeight: sampleWeight as never })["loss"]!;
    expectClose([lossOf(Float32Array.of(1, 0))], [0.5 + 0.5], CLOSE);
    expectClose(
      [
        lossOf([
          [1, 0],
          [0, 1],
        ]),
      ],
      [0.5 + 2],
      CLOSE,
    );
    expectClose([lossOf({ difference: [0, 0] })], [2.5], CLOSE);
    model.dispose();
  });

  test("predict returns them in the order of outputs", () => {
    const model = twoByTwo();
    const [sum, difference] = model.predict(data) as unknown as [Tensor, Tensor];
    expect([sum.toArray(), difference.toArray()]).toEqual([
      [[10], [6]],
      [[-9], [3]],
    ]);
    model.dispose();
  });

  test("one node as two outputs gets both losses' gradients", () => {
    const start = input({ shape: [1] });
    const end = layers.dense({ units: 1, useBias: false, name: "line" }).apply(start);
    const model = functional({ inputs: start, outputs: [end, end], engine });
    model.setWeights({ "line/kernel": [[2]] });
    model.compile({ optimizer: "sgd", loss: ["meanSquaredError", "meanSquaredError"] });
    expect(model.outputNames).toEqual(["line", "line_1"]);
    expectClose(model.gradients([1], [[0], [1]]).get("line/kernel")!.data, [2 * 2 + 2 * 1], CLOSE);
    model.dispose();
  });
});

describe("nested models", () => {
  test("a model applied twice is one set of weights: its gradient is the sum over both", () => {
    const encoder = sequential([layers.dense({ units: 2, activation: "tanh" }), layers.dense({ units: 1 })], {
      inputShape: [3],
      seed: 4,
      name: "encoder",
      engine,
    });
    const [a, b] = [input({ shape: [3] }), input({ shape: [3] })];
    const siamese = functional({
      inputs: [a, b],
      outputs: layers.subtract().apply(encoder.apply(a), encoder.apply(b)),
      engine,
    });
    siamese.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    expect(siamese.parameters.map(({ name }) => name)).toEqual([
      "encoder/dense/kernel",
      "encoder/dense/bias",
      "encoder/dense_1/kernel",
      "encoder/dense_1/bias",
    ]);
    const [left, right, target] = [noise(4, 3, 1), noise(4, 3, 2), noise(4, 1, 3)];
    const found = siamese.gradients([left, right], target);
    // Central differences of the whole model, one weight at a time.
    const before = siamese.getWeights();
    const h = 1 / 64;
    for (const [name, { data, shape }] of before) {
      const slopes = Array.from(data, (value, i) => {
        const lossAt = (moved: number) => {
          siamese.setWeights(new Map([[name, data.with(i, moved)]]));
          return siamese.evaluate([left, right], target)["loss"]!;
        };
        return (lossAt(value + h) - lossAt(value - h)) / (2 * h);
      });
      siamese.setWeights(before);
      expect(found.get(name)!.shape).toEqual(shape);
      expectClose(found.get(name)!.data, slopes, { relative: 2e-3, absolute: 2e-4, label: name });
    }
    // Training the pair trains the encoder.
    const codes = encoder.predict(left).data;
    siamese.trainOnBatch([left, right], target);
    expect(encoder.predict(left).data).not.toEqual(codes);
    siamese.dispose();
    expect(encoder.predict(left).data).toHaveLength(4); // it owns its layers still
    encoder.dispose();
  });

  test("compute what the same layers compute without nesting", async () => {
    const make = () => [
      layers.dense({ units: 6, activation: "relu", name: "one" }),
      layers.batchNormalization({ name: "two" }),
      layers.dense({ units: 3, activation: "softmax", name: "three" }),
    ];
    const flat = sequential(make(), { inputShape: [5], seed: 9, engine });
    const [one, two, three] = make() as [ReturnType<typeof layers.dense>, never, never];
    const inner = sequential([two], { name: "inner", engine });
    const nested = sequential([sequential([one, inner], { name: "outer", engine }), three], {
      inputShape: [5],
      seed: 9,
      engine,
    });
    expect(nested.parameters.map(({ name }) => name)).toContain("outer/inner/two/movingMean");
    for (const model of [flat, nested]) model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
    const before = flat.getWeights();
    nested.setWeights(
      new Map(nested.parameters.map(({ name }) => [name, before.get(name.split("/").slice(-2).join("/"))!])),
    );
    const histories = await Promise.all(
      [flat, nested].map((model) => model.fit(x, y, { epochs: 2, batchSize: 8, shuffle: false })),
    );
    expect(histories[1]).toEqual(histories[0]);
    expect(Object.values(bits(nested))).toEqual(Object.values(bits(flat)));
    for (const model of [flat, nested]) model.dispose();
  });
});

describe("own losses and metrics", () => {
  const own: CustomLoss = (yTrue, yPred) => {
    const width = yPred.size / yPred.shape[0]!;
    const value = new Float32Array(yPred.shape[0]!);
    const gradient = Float32Array.from(yPred.data, (p, i) => {
      const e = p - yTrue.data[i]!;
      value[Math.floor(i / width)]! += (e * e) / width;
      return (2 * e) / width;
    });
    return { value, gradient };
  };
  const bias: CustomMetric = function bias(yTrue, yPred) {
    return yPred.data.reduce((sum, p, i) => sum + p - yTrue.data[i]!, 0) / yPred.size;
  };

  test("train as the built-in ones, weights included", async () => {
    const target = noise(23, 3, 5);
    const sampleWeight = noise(23, 1, 6).data.map(Math.abs);
    const histories: Record<string, number[]>[] = [];
    for (const loss of ["meanSquaredError", own] as const) {
      const model = sequential([layers.dense({ units: 3, activation: "sigmoid" })], {
        inputShape: [5],
        seed: 2,
        engine,
      });
      model.compile({ optimizer: "adam", loss, metrics: [bias] });
      const options = { epochs: 3, batchSize: 10, sampleWeight, validationData: [x, target] } as const;
      histories.push((await model.fit(x, target, options)).history);
      model.dispose();
    }
    expect(Object.keys(histories[1]!)).toEqual(["loss", "bias", "val_loss", "val_bias", "learningRate"]);
    for (const [name, values] of Object.entries(histories[0]!))
      expectClose(histories[1]![name]!, values, { relative: 1e-4, absolute: 1e-5, label: name });
  });

  test("an own metric is averaged by rows", () => {
    const model = line(1);
    model.compile({ optimizer: "sgd", loss: own, metrics: [bias] });
    const logs = model.evaluate([1, 2, 6], [0, 0, 0], { batchSize: 2 });
    expect(logs["bias"]).toBeCloseTo(3, 6);
    model.dispose();
  });

  test("get copies: what they write changes nothing", () => {
    const spoil: CustomLoss = (yTrue, yPred) => {
      const result = own(yTrue, yPred);
      yTrue.data.fill(NaN);
      yPred.data.fill(NaN);
      return result;
    };
    const model = line(2);
    model.compile({ optimizer: "sgd", loss: spoil, metrics: ["meanAbsoluteError"] });
    const logs = model.trainOnBatch([1, 2, 3], [1, 1, 1]);
    expectClose([logs["loss"]!, logs["meanAbsoluteError"]!], [35 / 3, 3], CLOSE);
    model.dispose();
  });

  describe("an own loss takes targets of any kind", () => {
    const values = noise(23, 3, 8);
    const classes = Int32Array.from({ length: 23 }, (_, i) => (i * 5) % 3);
    /** -log y_c of the class index, or of a one-hot row. */
    const crossentropy: CustomLoss = (yTrue, yPred) => {
      const [rows, width] = yPred.shape as [number, number];
      const gradient = new Float32Array(rows * width);
      const value = Float32Array.from({ length: rows }, (_, r) => {
        const at = r * width + yTrue.data[r]!;
        gradient[at] = -1 / yPred.data[at]!;
        return -Math.log(yPred.data[at]!);
      });
      return { value, gradient };
    };
    const train = async (
      loss: CustomLoss | "sparseCategoricalCrossentropy",
      target: ModelData,
      metrics: MetricLike[],
    ) => {
      const layer = layers.dense({ units: 3, activation: "softmax" });
      const model = sequential([layer], { inputShape: [5], seed: 2, engine });
      model.compile({ optimizer: "sgd", loss, metrics });
      const sampleWeight = Float32Array.from({ length: 23 }, (_, i) => i % 4);
      try {
        return (await model.fit(x, target, { epochs: 2, batchSize: 7, sampleWeight, validationSplit: 0.2 })).history;
      } finally {
        model.dispose();
      }
    };

    test.each([
      ["Int32Array", classes],
      ["Uint8Array", Uint8Array.from(classes)],
      ["numbers", [...classes]],
      ["rows of one number", [...classes].map((c) => [c])],
    ])("class indices in %s train as the built-in loss does, with weights and metrics", async (_, target) => {
      const seen = new Set<string>();
      const share: CustomMetric = function share(yTrue, yPred) {
        seen.add(`${yTrue.rank} ${yPred.rank}`);
        return yTrue.data.reduce((sum, c, r) => sum + yPred.data[r * 3 + c]!, 0) / yTrue.size;
      };
      const want = await train("sparseCategoricalCrossentropy", classes, ["accuracy", share]);
      const got = await train(crossentropy, target, ["accuracy", share]);
      expect(Object.keys(got)).toEqual(Object.keys(want));
      for (const [name, series] of Object.entries(want))
        expectClose(got[name]!, series, { relative: 1e-5, absolute: 1e-6, label: name });
      expect([...seen]).toEqual(["1 2"]);
    });

    test("in their own shape, in the order of the rows", async () => {
      const shapes: (readonly number[])[] = [];
      const width = 5;
      const pinball: CustomLoss = (yTrue, yPred) => {
        shapes.push(yTrue.shape);
        const [rows] = yPred.shape as [number];
        const value = new Float32Array(rows);
        for (let r = 0; r < rows; r++) for (let j = 0; j < width; j++) value[r]! += yTrue.data[r * width + j]!;
        return { value, gradient: new Float32Array(yPred.size) };
      };
      const sum: CustomMetric = function sum(yTrue) {
        return yTrue.data.reduce((total, value) => total + value, 0) / yTrue.shape[0]!;
      };
      const target = tensor(
        Int16Array.from({ length: 23 * width }, (_, i) => i),
        [23, width, 1],
      );
      const history = await train(pinball, target, [sum]);
      expect(shapes[0]).toEqual([7, 5, 1]);
      expect(history["sum"]!.every((value) => value > 0)).toBe(true);
      shapes.length = 0;
      await train(pinball, target.data, []);
      expect(shapes[0]).toEqual([7, 5]);
    });

    test("says what does not fit", async () => {
      const run = (target: unknown, metrics: MetricLike[] = []) => train(own, target as ModelData, metrics);
      await expect(run(new Int32Array(24))).rejects.toThrow(
        new RangeError("fit: y must hold as many values for each of the 23 rows. Received: length=24."),
      );
      await expect(run([[1], [2]])).rejects.toThrow("fit: y must have 23 rows, as the inputs. Received: shape=[2, 1].");
      await expect(run(tensor(new Float32Array(46), [23, 2]), ["accuracy"])).rejects.toThrow(
        "fit: the metric accuracy needs one class or 3 values in y for each prediction. Received: shape=[2].",
      );
      await expect(run([...values.data].slice(0, 23), ["accuracy"])).rejects.toThrow(
        "fit: class labels must be integers in [0, 3). Received: label[0]=",
      );
      await expect(run("1")).rejects.toThrow("fit: y must be a Tensor, nested arrays of numbers, or a typed array");
      await expect(run(new BigInt64Array(23))).rejects.toThrow(TypeError);
    });
  });

  test("an own loss may use another model while it runs", () => {
    const teacher = compiledNet(3);
    const student = sequential([layers.dense({ units: 3, activation: "softmax" })], {
      inputShape: [5],
      seed: 1,
      engine,
    });
    const soft = teacher.predict(x);
    const distill: CustomLoss = (yTrue, yPred) => {
      const big = noise(600, 5, 1);
      expect(teacher.predict(big, { batchSize: 600 }).data).toHaveLength(1800); // memory may grow here
      return own(yTrue, yPred);
    };
    student.compile({ optimizer: "sgd", loss: distill });
    const { loss } = student.trainOnBatch(x, soft);
    student.compile({ optimizer: "sgd", loss: own });
    expect(loss).toBeGreaterThan(0);
    expect(student.trainOnBatch(x, soft)["loss"]).toBeLessThan(loss!);
    teacher.dispose();
    student.dispose();
  });

  test("metrics of a factory, by name and own have the names they are logged by", () => {
    const model = deepNet();
    model.compile({
      optimizer: "sgd",
      loss: "sparseCategoricalCrossentropy",
      metrics: ["accuracy", metrics.topKCategoricalAccuracy({ k: 2 }), bias],
    });
    const logs = model.evaluate(x, y);
    expect(Object.keys(logs)).toEqual(["loss", "accuracy", "topKCategoricalAccuracy", "bias"]);
    model.dispose();
  });
});

describe("iterables", () => {
  const batches = [0, 1, 2, 3].map((i) => {
    const rows = [...Array(i === 3 ? 3 : 6).keys()].map((r) => i * 6 + (r % 6)).filter((r) => r < 23);
    return [take(x, rows), rows.map((row) => y[row]!), rows.map((row) => row / 10)] as [Tensor, number[], number[]];
  });
  const trained = (weighted: boolean, epochs = 2) => {
    const model = compiledNet();
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const [a, b, sampleWeight] of batches) model.trainOnBatch(a, b, weighted ? { sampleWeight } : {});
    }
    const result = bits(model);
    model.dispose();
    return result;
  };

  test("an array of batches, each epoch anew", async () => {
    const model = compiledNet();
    const { epoch } = await model.fit(batches.map(([a, b]) => [a, b]) as never, { epochs: 2 });
    expect(epoch).toEqual([0, 1]);
    expect(bits(model)).toEqual(trained(false));
    model.dispose();
  });

  test("an async iterable, with weights of rows", async () => {
    const model = compiledNet();
    const source = {
      async *[Symbol.asyncIterator]() {
        for (const batch of batches) {
          await new Promise((resolve) => setTimeout(resolve, 0));
          yield batch;
        }
      },
    };
    await model.fit(source, { epochs: 2, validationData: [x, y] });
    expect(bits(model)).toEqual(trained(true));
    model.dispose();
  });

  test("with stepsPerEpoch an epoch goes on where the last stopped, and begins anew at the end", async () => {
    const model = compiledNet();
    let begun = 0;
    const source = {
      *[Symbol.iterator]() {
        begun++;
        for (const [a, b] of batches) yield [a, b] as const;
      },
    };
    const { epoch } = await model.fit(source, { epochs: 4, stepsPerEpoch: 2 });
    expect([epoch, begun]).toEqual([[0, 1, 2, 3], 2]);
    expect(bits(model)).toEqual(trained(false));
    model.dispose();
  });

  test("a model without input shape is built from the first batch", async () => {
    const model = sequential([layers.dense({ units: 3, activation: "softmax" })], { seed: 1, engine });
    model.compile({ optimizer: "sgd", loss: "sparseCategoricalCrossentropy" });
    await model.fit(batches.map(([a, b]) => [a, b]) as never);
    expect(model.parameters.map(({ shape }) => shape)).toEqual([[5, 3], [3]]);
    model.dispose();
  });

  test.each(["abort", "failure"])("is let go of after an %s", async (how) => {
    let open = 0;
    const source = {
      async *[Symbol.asyncIterator]() {
        open++;
        try {
          for (;;) yield batches[0]!;
        } finally {
          open--;
        }
      },
    };
    const model = compiledNet();
    const onBatchEnd: Callback["onBatchEnd"] = (batch, _logs, context) => {
      if (batch < 2) return;
      if (how === "failure") throw new Error("no more");
      context.stopTraining("enough");
    };
    const fitted = model.fit(source, { callbacks: [{ onBatchEnd }] });
    if (how === "failure") await expect(fitted).rejects.toThrow("no more");
    // Nobody knows how long the epoch would have been: it was cut short.
    else expect(await fitted).toEqual({ epoch: [], history: {}, stopReason: "enough" });
    expect([open, model.optimizer.iterations]).toEqual([0, 3]);
    model.dispose();
  });
});

describe("running", () => {
  test("callbacks are called in order, awaited, and see the logs", async () => {
    const seen: string[] = [];
    const log = (name: string): Callback => ({
      onTrainBegin: async ({ epochs, steps, batchSize, validates }) => {
        await Promise.resolve();
        seen.push(`${name} train ${epochs} ${steps} ${batchSize} ${validates}`);
      },
      onEpochBegin: (epoch) => void seen.push(`${name} epoch ${epoch}`),
      onBatchBegin: (batch) => void seen.push(`${name} batch ${batch}`),
      onBatchEnd: (batch, logs) => void seen.push(`${name} end ${batch} ${Object.keys(logs).join()}`),
      onEpochEnd: async (epoch, logs) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        seen.push(`${name} done ${epoch} ${Object.keys(logs).join()}`);
      },
      onTrainEnd: (logs) => void seen.push(`${name} over ${Object.keys(logs).join()}`),
    });
    const model = compiledNet();
    await model.fit(x, y, { batchSize: 12, callbacks: [log("a"), log("b")], validationData: [x, y] });
    const all = "loss,accuracy,val_loss,val_accuracy,learningRate";
    const each = [
      "train 1 2 12 true",
      "epoch 0",
      "batch 0",
      "end 0 loss,accuracy",
      "batch 1",
      "end 1 loss,accuracy",
      `done 0 ${all}`,
      `over ${all}`,
    ];
    expect(seen).toEqual(each.flatMap((line) => [`a ${line}`, `b ${line}`]));
    model.dispose();
  });

  test("stopTraining at the end of an epoch keeps it, within one does not", async () => {
    const model = compiledNet();
    const atEnd = await model.fit(x, y, {
      epochs: 9,
      callbacks: [{ onEpochEnd: (epoch, _, c) => epoch === 1 && c.stopTraining("two") } as Callback],
    });
    expect([atEnd.epoch, atEnd.stopReason]).toEqual([[0, 1], "two"]);
    const over: string[] = [];
    const within: Callback = {
      onBatchEnd: (batch, _, c) => (batch === 1 ? c.stopTraining() : undefined),
      onEpochEnd: () => void over.push("epoch"),
      onTrainEnd: () => void over.push("train"),
    };
    const cut = await model.fit(x, y, { epochs: 9, batchSize: 4, callbacks: [within] });
    expect([cut.epoch, cut.stopReason, over]).toEqual([[], "stopped by a callback", ["train"]]);
    const atBegin = await model.fit(x, y, { callbacks: [{ onEpochBegin: (_, c) => c.stopTraining("early") }] });
    expect([atBegin.epoch, atBegin.stopReason]).toEqual([[], "early"]);
    expect([model.steps, model.epochs]).toEqual([4, 2]);
    model.dispose();
  });

  test("an AbortSignal ends training after the running step", async () => {
    const controller = new AbortController();
    const model = compiledNet();
    const callbacks: Callback[] = [{ onBatchEnd: (batch) => (batch === 2 ? controller.abort() : undefined) }];
    const result = await model.fit(x, y, { epochs: 5, batchSize: 4, signal: controller.signal, callbacks });
    expect(result).toEqual({ epoch: [], history: {}, stopReason: "aborted" });
    expect(model.optimizer.iterations).toBe(3);
    const before = fingerprint(model);
    const again = await model.fit(x, y, { signal: controller.signal });
    expect([again.stopReason, fingerprint(model)]).toEqual(["aborted", before]);
    expect((await model.fit(x, y)).stopReason).toBe("completed");
    model.dispose();
  });

  test("a failing callback leaves the model at its last completed step, usable", async () => {
    const [failed, stepped] = [compiledNet(), compiledNet()];
    const failing: Callback = {
      onBatchEnd(batch) {
        if (batch === 1) throw new Error("disk full");
      },
    };
    await expect(failed.fit(x, y, { batchSize: 8, shuffle: false, callbacks: [failing] })).rejects.toThrow("disk full");
    for (const start of [0, 8])
      stepped.trainOnBatch(x.data.subarray(start * 5, (start + 8) * 5), y.subarray(start, start + 8));
    expect(fingerprint(failed)).toBe(fingerprint(stepped));
    expect((await failed.fit(x, y)).stopReason).toBe("completed");
    failed.dispose();
    stepped.dispose();
  });

  test("other events have their turn", async () => {
    const model = compiledNet();
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await model.fit(x, y, { epochs: 30, batchSize: 4, yieldEveryMs: 0 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
    model.dispose();
  });

  test("two models train at the same time without touching each other", async () => {
    const alone = compiledNet(4);
    await alone.fit(x, y, { epochs: 3, batchSize: 4 });
    const pair = [compiledNet(4), compiledNet(4)];
    await Promise.all(pair.map((model) => model.fit(x, y, { epochs: 3, batchSize: 4, yieldEveryMs: 0 })));
    for (const model of pair) expect(fingerprint(model)).toBe(fingerprint(alone));
    for (const model of [alone, ...pair]) model.dispose();
  });

  test("gradients, evaluate, predict and predictMC move nothing", () => {
    const model = compiledNet();
    model.trainOnBatch(x, y);
    const before = fingerprint(model);
    const gradients = model.gradients(x, y);
    expect([...gradients.keys()]).toEqual(
      model.parameters.filter(({ trainable }) => trainable).map(({ name }) => name),
    );
    expect(model.gradients(x, y)).toEqual(gradients);
    model.evaluate(x, y);
    model.predict(x);
    model.predictMC(x, { samples: 3 });
    expect(fingerprint(model)).toBe(before);
    // They are the gradients of the step that follows: the same masks, the same batch statistics.
    model.compile({ optimizer: optimizers.sgd({ learningRate: 1 }), loss: "sparseCategoricalCrossentropy" });
    const weights = model.getWeights();
    model.trainOnBatch(x, y);
    for (const [name, { data }] of gradients) {
      const moved = model.getWeights().get(name)!.data;
      expect(moved, name).toEqual(weights.get(name)!.data.map((w, i) => Math.fround(w - data[i]!)));
    }
    model.dispose();
  });

  test("the loss of training has dropout and batch statistics, that of evaluate has neither", () => {
    const model = sequential([layers.dropout(0.5), layers.dense(1)], { inputShape: [5], seed: 1, engine });
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: "meanSquaredError" });
    const target = noise(23, 1, 3);
    const [first, second] = [model.trainOnBatch(x, target)["loss"], model.trainOnBatch(x, target)["loss"]];
    expect(first).not.toBe(second); // a new mask at each step
    expect(model.evaluate(x, target)).toEqual(model.evaluate(x, target));
    model.dispose();
  });

  test("the summary's lines, and a progress line, can be asked for", async () => {
    const model = compiledNet();
    const written: unknown[] = [];
    const { log } = console;
    const stdout = process.stdout.write.bind(process.stdout);
    console.log = (line: unknown) => void written.push(line);
    process.stdout.write = ((text: unknown) => written.push(text) > 0) as typeof process.stdout.write;
    try {
      await model.fit(x, y, { epochs: 2, verbose: 2 });
      await model.fit(x, y, { epochs: 2, verbose: 0 });
    } finally {
      console.log = log;
      process.stdout.write = stdout;
    }
    expect(written.join("").match(/loss/g)).toHaveLength(2);
    model.dispose();
  });
});

eachBuild("bits", (on) => {
  test("predict is the same for every batchSize", () => {
    const wide = input({ shape: [45] });
    const h = layers.dense({ units: 33, activation: "gelu" }).apply(wide);
    const n = layers.layerNormalization().apply(layers.batchNormalization().apply(layers.prelu().apply(h)));
    const p = layers.dense({ units: 8, activation: "softmax" }).apply(n);
    const q = layers.dense({ units: 3 }).apply(layers.concatenate().apply(layers.dropout(0.5).apply(n), wide));
    const model = functional({ inputs: wide, outputs: [p, q], seed: 6, engine: on });
    const data = noise(301, 45, 9);
    const all = (model.predict(data, { batchSize: Infinity }) as unknown as Tensor[]).map((each) => each.data);
    for (const batchSize of [1, 2, 3, 5, 7, 16, 64, 127, 128, 300]) {
      const parts = (model.predict(data, { batchSize }) as unknown as Tensor[]).map((each) => each.data);
      expect(parts, `batchSize ${batchSize}`).toEqual(all);
    }
    expect((model.predictOnBatch(data) as unknown as Tensor[]).map((each) => each.data)).toEqual(all);
    model.dispose();
  });

  test("are a function of the seed", async () => {
    const run = async (seed: Seed) => {
      const model = compiledNet(seed, on);
      const { history } = await model.fit(x, y, { epochs: 2, batchSize: 7, validationSplit: 0.2 });
      const result = { history, state: fingerprint(model) };
      model.dispose();
      return result;
    };
    const first = await run(0);
    expect(await run(0)).toEqual(first);
    for (const seed of [1, 2 ** 32, 2n ** 64n - 1n]) {
      const other = await run(seed);
      expect(other.state).not.toBe(first.state);
      expect(await run(seed)).toEqual(other);
    }
  });

  test("everything was given back", () => expect(on.arena.usedBytes).toBe(0));
});

test("the debug build computes the baseline build's bits", async () => {
  const states: string[] = [];
  for (const build of ["baseline", "debug"] as const) {
    const model = compiledNet(5, engineOf(build));
    await model.fit(x, y, { epochs: 2, batchSize: 7 });
    states.push(fingerprint(model));
  }
  expect(states[1]).toBe(states[0]);
});

test("a seed is drawn once if none is given", () => {
  const models = [1, 2].map(() => sequential([layers.dense(4)], { inputShape: [5], engine }));
  expect(models[0]!.seed).not.toBe(models[1]!.seed);
  const again = sequential([layers.dense(4)], { inputShape: [5], seed: models[0]!.seed, engine });
  expect(bits(again)).toEqual(bits(models[0]!));
  for (const model of [...models, again]) model.dispose();
});
