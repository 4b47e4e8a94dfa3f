import { afterEach, describe, expect, it, vi } from "vitest";
import { callbacks, functional, input, layers, optimizers, sequential, tensor } from "../../src/index.js";
import type { FitOptions } from "../../src/models/fit.js";
import type { Model } from "../../src/models/model.js";
import { eachBuild, engineOf } from "../builds.js";
import { seeded } from "../guarded.js";

const ROWS = 150;
const random = seeded(21);
const x = tensor(
  Float32Array.from({ length: ROWS * 20 }, () => random() - 0.5),
  [ROWS, 20],
);
const y = Int32Array.from({ length: ROWS }, (_, r) => r % 3);

type Engine = ReturnType<typeof engineOf>;

/** A frozen trunk with batch normalization, under a head with dropout. */
function stacked(engine: Engine): Model {
  const trunk = sequential(
    [layers.dense({ units: 33, activation: "elu" }), layers.batchNormalization(), layers.dense({ units: 17 })],
    { inputShape: [20], seed: 1, engine, name: "trunk" },
  );
  trunk.trainable = false;
  const model = sequential(
    [trunk, layers.activation("relu"), layers.dropout(0.3), layers.dense({ units: 3, activation: "softmax" })],
    { seed: 2, engine },
  );
  return compiled(model);
}

/** Frozen and learning layers side by side: the border has two values, and the input itself is one. */
function branched(engine: Engine): Model {
  const start = input({ shape: [20] });
  const frozen = layers.dense({ units: 8, activation: "tanh", trainable: false }).apply(start);
  const doubled = layers.add().apply(frozen, frozen);
  const learnt = layers.dense({ units: 8, activation: "tanh" }).apply(start);
  const joined = layers.concatenate().apply(layers.dropout(0.2).apply(doubled), learnt, frozen);
  return compiled(
    functional({
      inputs: start,
      outputs: layers.dense({ units: 3, activation: "softmax" }).apply(joined),
      seed: 3,
      engine,
    }),
  );
}

function compiled(model: Model): Model {
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.01 }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

const weightsOf = (model: Model): unknown => [...model.getWeights()].map(([name, { data }]) => [name, [...data]]);

afterEach(() => vi.restoreAllMocks());

eachBuild("cacheFrozen", (engine) => {
  const options: FitOptions = { epochs: 3, batchSize: 16, validationSplit: 0.2, verbose: 0 };

  for (const make of [stacked, branched]) {
    it(`gives the same bits as without it: ${make.name}`, async () => {
      const [cached, plain] = [make(engine), make(engine)];
      const a = await cached.fit(x, y, { ...options, cacheFrozen: true });
      const b = await plain.fit(x, y, { ...options, cacheFrozen: false });
      expect(a).toEqual(b);
      expect(weightsOf(cached)).toEqual(weightsOf(plain));
      cached.dispose();
      plain.dispose();
    });
  }

  it("goes back to the data when a layer learns again during fit", async () => {
    const run = async (cacheFrozen: boolean): Promise<unknown> => {
      const model = stacked(engine);
      const thaw = {
        onEpochBegin(epoch: number): void {
          if (epoch === 2) model.getLayer("trunk/dense_1").trainable = true;
          if (epoch === 2) for (const scope of model.built.flat.operations[2]!.scopes) scope.trainable = true;
        },
      };
      const { history } = await model.fit(x, y, { ...options, epochs: 4, cacheFrozen, callbacks: [thaw] });
      return [history, weightsOf(model)];
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it("leaves no memory behind, also after an exception", async () => {
    const model = stacked(engine);
    await model.fit(x, y, { ...options, cacheFrozen: true });
    const used = engine.arena.usedBytes;
    const failing = {
      onBatchEnd: (): void => {
        throw new Error("stop");
      },
    };
    await expect(model.fit(x, y, { ...options, cacheFrozen: true, callbacks: [failing] })).rejects.toThrow("stop");
    await model.fit(x, y, { ...options, cacheFrozen: true });
    expect(engine.arena.usedBytes).toBe(used);
    model.dispose();
  });
});

describe("cacheFrozen", () => {
  const engine = engineOf("baseline");

  it("runs the frozen layers once", async () => {
    const model = stacked(engine);
    const spy = vi.spyOn(model.built.plans, "find");
    await model.fit(x, y, { epochs: 2, cacheFrozen: true, verbose: 0 });
    expect(spy).not.toHaveBeenCalled();
  });

  it("is offered once where it would pay", async () => {
    const info = vi.spyOn(console, "info").mockImplementation(() => {});
    const model = stacked(engine);
    await model.fit(x, y, { epochs: 1 });
    await model.fit(x, y, { epochs: 4, verbose: 0 });
    expect(info).not.toHaveBeenCalled();
    await model.fit(x, y, { epochs: 4, verbose: 2, callbacks: [] });
    await model.fit(x, y, { epochs: 4 });
    const offers = info.mock.calls.filter(([text]) => String(text).startsWith("fit: everything"));
    expect(offers).toEqual([
      [
        "fit: everything up to trunk/dense_1 is frozen and the same in each epoch; cacheFrozen: true computes it once instead of 4 times.",
      ],
    ]);
  });

  it("is not offered, and does nothing, where nothing is frozen, or what is frozen is random", async () => {
    const info = vi.spyOn(console, "info").mockImplementation(() => {});
    const free = compiled(
      sequential([layers.dense(4), layers.dense({ units: 3, activation: "softmax" })], {
        inputShape: [20],
        seed: 1,
        engine,
      }),
    );
    await free.fit(x, y, { epochs: 2 });
    await free.fit(x, y, { epochs: 2, cacheFrozen: true });
    const noisy = compiled(
      sequential(
        [
          layers.dropout(0.1),
          layers.dense({ units: 4, trainable: false }),
          layers.dense({ units: 3, activation: "softmax" }),
        ],
        { inputShape: [20], seed: 1, engine },
      ),
    );
    await noisy.fit(x, y, { epochs: 2 });
    expect(info).not.toHaveBeenCalled();
  });

  it("goes with the monitor, which sees the layers that run", async () => {
    const model = stacked(engine);
    const seen = new Set<string>();
    const monitor = callbacks.gradientMonitor({
      every: 1,
      onReport: ({ layers: found }) => found.forEach(({ layer }) => seen.add(layer)),
    });
    await model.fit(x, y, { epochs: 1, cacheFrozen: true, callbacks: [monitor], verbose: 0 });
    expect(seen).toContain("dense");
    expect(seen).not.toContain("activation"); // relu above the trunk: frozen too, as it has nothing to learn
  });

  it("refuses batches from an iterable", async () => {
    const model = stacked(engine);
    const batches = (function* () {
      yield [x, y] as const;
    })();
    await expect(model.fit(batches as never, { cacheFrozen: true })).rejects.toThrow(
      /cacheFrozen needs the data as arrays/,
    );
    await expect(model.fit(x, y, { cacheFrozen: 1 } as never)).rejects.toThrow(/cacheFrozen must be true or false/);
  });
});
