/** What goes wrong when models are reused: each has a clear error, or the right result, and nothing is changed by it. */
import { afterAll, describe, expect, test } from "vitest";
import {
  FormatError,
  foldBatchNormalization,
  layers,
  loadModel,
  optimizers,
  pretraining,
  safetensors,
  sequential,
  type Model,
} from "../../src/index.js";
import { engineOf } from "../builds.js";
import { expectClose } from "../closeness.js";
import { seeded } from "../guarded.js";
import { fingerprint, labels, noise } from "../models/nets.js";

const engine = engineOf("baseline");
const x = noise(24, 5, 1);
const y = labels(24, 3, 2);
afterAll(() => expect(engine.arena.usedBytes).toBe(0));

function net(units = 8): Model {
  const model = sequential(
    [
      layers.dense({ units, useBias: false, name: "first" }),
      layers.batchNormalization({ momentum: 0.8, name: "normal" }),
      layers.activation("elu"),
      layers.dropout(0.2),
      layers.dense({ units: 3, activation: "softmax", name: "head" }),
    ],
    { inputShape: [5], seed: 3, engine },
  );
  model.compile({
    optimizer: optimizers.adamW({ learningRate: 0.01, useEma: true }),
    loss: "sparseCategoricalCrossentropy",
  });
  return model;
}

describe("folding a net that is being trained", () => {
  test("folds what inference would use, the moving statistics of that moment, and leaves the training as it is", async () => {
    const [model, untouched] = [net(), net()];
    let folds = 0;
    const foldNow = (): void => {
      const folded = foldBatchNormalization(model);
      expect(folded.report.kept).toEqual([]);
      expectClose(folded.predict(x).data, model.predict(x).data, { relative: 1e-5, absolute: 1e-6 });
      folded.dispose();
      folds++;
    };
    const options = { epochs: 3, batchSize: 8, verbose: 0 as const };
    await model.fit(x, y, { ...options, callbacks: [{ onBatchEnd: foldNow }] });
    await untouched.fit(x, y, options);
    expect(folds).toBe(9);
    expect(fingerprint(model)).toBe(fingerprint(untouched));
    model.dispose();
    untouched.dispose();
  });

  test("gives a model without training configuration: it has to be compiled to be trained", async () => {
    const model = net();
    const folded = foldBatchNormalization(model);
    await expect(folded.fit(x, y)).rejects.toThrow(/^fit: model is not compiled/);
    folded.dispose();
    model.dispose();
  });
});

test("fitting with everything frozen says so and moves nothing, also with features to be cached", async () => {
  const model = net();
  await model.fit(x, y, { epochs: 2, verbose: 0 });
  model.trainable = false;
  const before = fingerprint(model);
  for (const cacheFrozen of [false, true])
    await expect(model.fit(x, y, { cacheFrozen })).rejects.toThrow(
      "fit: nothing would learn; every layer with weights is frozen. Set trainable = true on some layer.",
    );
  expect(fingerprint(model)).toBe(before);
  model.trainable = true;
  await model.fit(x, y, { verbose: 0 });
  expect(fingerprint(model)).not.toBe(before);
  model.dispose();
});

describe("weights of another architecture", () => {
  test("setWeights lists what matched, what is missing, what is not expected; a wrong shape changes nothing", () => {
    const [model, other] = [net(), net(9)];
    const head = { "head/kernel": model.getWeights().get("head/kernel")!, "tail/kernel": [[1]] };
    expect(model.setWeights(head)).toEqual({
      matched: ["head/kernel"],
      missing: ["first/kernel", "normal/gamma", "normal/beta", "normal/movingMean", "normal/movingVariance", "head/bias"], // prettier-ignore
      unexpected: ["tail/kernel"],
    });
    const before = fingerprint(model);
    expect(() => model.setWeights(other.getWeights())).toThrow("setWeights: first/kernel has shape [5, 8].");
    expect(fingerprint(model)).toBe(before);
    model.dispose();
    other.dispose();
  });

  test("24: loadModel lists missing, unexpected and wrong-shaped tensors in one error", () => {
    const model = net();
    const { tensors, metadata } = safetensors.read(model.save());
    model.dispose();
    const changed = new Map(tensors);
    changed.delete("normal/beta");
    changed.set("tail/kernel", { shape: [1], data: Float32Array.of(1) } as never);
    changed.set("head/bias", { shape: [4], data: new Float32Array(4) } as never);
    const file = safetensors.write(changed, Object.fromEntries(metadata));
    expect(() => loadModel(file, { engine })).toThrow(FormatError);
    expect(() => loadModel(file, { engine })).toThrow(
      "loadModel: the tensors do not fit the architecture; missing: normal/beta; unexpected: tail/kernel; " +
        "head/bias must be [3] but is [4].",
    );
    expect(engine.arena.usedBytes).toBe(0);
  });
});

describe("a damaged model file", () => {
  const bytes = (() => {
    const model = net();
    model.trainOnBatch(x, y);
    const saved = model.save({ includeOptimizer: true });
    model.dispose();
    return saved;
  })();
  /** "model" or "refused"; anything but a FormatError is thrown on. */
  const outcome = (file: Uint8Array): string => {
    try {
      loadModel(file, { engine, nonFinite: "allow" }).dispose();
      return "model";
    } catch (error) {
      if (error instanceof FormatError) return "refused";
      throw error;
    } finally {
      expect(engine.arena.usedBytes).toBe(0);
    }
  };

  test("cut short anywhere is refused", () => {
    expect(outcome(bytes)).toBe("model");
    for (let length = 0; length < bytes.length; length += 17)
      expect(outcome(bytes.subarray(0, length))).toBe("refused");
    expect(outcome(bytes.subarray(0, bytes.length - 1))).toBe("refused");
    expect(outcome(Uint8Array.from([...bytes, 0]))).toBe("refused");
  });

  test("with a byte of its header changed is refused or is a model, never something else", () => {
    const random = seeded(5);
    const header = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const counts: Record<string, number> = {};
    for (let i = 0; i < 1500; i++) {
      const file = bytes.slice();
      file[Math.floor(random() * header)]! ^= 1 << Math.floor(8 * random());
      const found = outcome(file);
      counts[found] = (counts[found] ?? 0) + 1;
    }
    expect(counts["refused"]!).toBeGreaterThan(1000);
  });
});

test("pretraining leaves an encoder that it refuses as it was, optimizer state included", async () => {
  const encoder = sequential(
    [layers.dense({ units: 6, name: "first" }), layers.reshape([3, 2]), layers.dense({ units: 2, name: "second" })],
    { inputShape: [5], seed: 1, engine },
  );
  encoder.compile({ optimizer: "adam", loss: "meanSquaredError" });
  encoder.trainOnBatch(x, noise(24, 6, 4).data);
  const before = fingerprint(encoder);
  for (const helper of [pretraining.autoencoder, pretraining.greedy])
    await expect(helper(encoder, x)).rejects.toThrow(
      /: layers behind the first dense one must keep the shape to be inverted\. Received: layer="reshape"\.$/,
    );
  expect(fingerprint(encoder)).toBe(before);
  encoder.dispose();
});
