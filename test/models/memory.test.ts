/** Linear memory: nothing grows, a step allocates nothing, and running out of it is an error that leaves no trace. */
import { describe, expect, test } from "vitest";
import {
  functional,
  input,
  layers,
  MemoryError,
  optimizers,
  sequential,
  type Callback,
  type Model,
} from "../../src/index.js";
import type { Engine } from "../../src/runtime/engine.js";
import { engineOf } from "../builds.js";
import { fingerprint as fingerprintOf, labels, noise } from "./nets.js";

const PAGE = 65536;
/** Read without allocating. */
const fingerprint = (model: Model): string => fingerprintOf(model, { raw: true });
const x = noise(40, 9, 1);
const y = labels(40, 3, 2);

const build = (engine: Engine, width = 20, inputShape: number[] | undefined = [9]): Model =>
  sequential(
    [
      layers.dense({ units: width, useBias: false }),
      layers.batchNormalization(),
      layers.activation("elu"),
      layers.dropout(0.2),
      sequential([layers.dense(width), layers.prelu()], { name: "inner", engine }),
      layers.dense({ units: 3, activation: "softmax" }),
    ],
    { ...(inputShape === undefined ? {} : { inputShape }), seed: 1, engine },
  );

const compile = (model: Model): Model => {
  model.compile({
    optimizer: optimizers.adam({ useEma: true }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
};

describe("nothing grows", () => {
  test("over 50 consecutive fits", async () => {
    const engine = engineOf("baseline");
    const model = compile(build(engine));
    const sizes = () => [engine.arena.usedBytes, engine.memory.buffer.byteLength];
    let first: number[] = [];
    for (let i = 0; i < 50; i++) {
      await model.fit(x, y, { epochs: 1, batchSize: 16, validationSplit: 0.2 });
      model.predict(x);
      model.predictMC(x, { samples: 2 });
      if (i === 0) first = sizes();
    }
    expect(sizes()).toEqual(first);
    model.dispose();
    expect(engine.arena.usedBytes).toBe(0);
  });

  test("over 50 models made, trained and disposed of", async () => {
    const engine = engineOf("baseline");
    let first = 0;
    for (let i = 0; i < 50; i++) {
      const model = compile(build(engine));
      await model.fit(x, y, { batchSize: 16 });
      model.dispose();
      expect(engine.arena.usedBytes).toBe(0);
      if (i === 0) first = engine.memory.buffer.byteLength;
    }
    expect(engine.memory.buffer.byteLength).toBe(first);
  });

  test("with new batch sizes, compiles and freezes", async () => {
    const engine = engineOf("baseline");
    const model = compile(build(engine));
    const cycle = async () => {
      for (const batchSize of [3, 40, 7, 16]) await model.fit(x, y, { batchSize });
      for (const layer of model.layers.slice(0, -1)) {
        layer.trainable = false;
        model.trainOnBatch(x, y);
      }
      for (const layer of model.layers) layer.trainable = true;
      compile(model);
    };
    await cycle();
    const first = [engine.arena.usedBytes, engine.memory.buffer.byteLength];
    for (let i = 0; i < 5; i++) await cycle();
    expect([engine.arena.usedBytes, engine.memory.buffer.byteLength]).toEqual(first);
    model.dispose();
    expect(engine.arena.usedBytes).toBe(0);
  });

  test("a step, an evaluation and a prediction allocate nothing, whatever the batch up to the largest", async () => {
    const engine = engineOf("baseline");
    const model = compile(build(engine));
    const run = () => {
      for (const rows of [16, 5, 1]) {
        const [data, target] = [x.data.subarray(0, rows * 9), y.subarray(0, rows)];
        model.trainOnBatch(data, target);
        model.evaluate(data, target);
        model.predict(data);
        model.predictMC(data, { samples: 3, batchSize: 16 });
      }
    };
    run();
    let calls = 0;
    const { allocate } = engine.arena;
    engine.arena.allocate = (bytes) => (calls++, allocate.call(engine.arena, bytes));
    run();
    await model.fit(x, y, { epochs: 3, batchSize: 16 });
    expect(calls).toBe(0);
    // Only predictMC's plan depends on the number of samples that a run has room for.
    model.predictMC(x.data.subarray(0, 9), { samples: 4 });
    expect(calls).toBe(1);
    model.dispose();
  });
});

/** Makes the arena fail at its nth call, once or from then on. Counts calls. */
class FailingArena {
  calls = 0;
  failed = 0;
  #from = Infinity;
  #sticky = false;

  constructor(engine: Engine) {
    const { arena } = engine;
    const { allocate } = arena;
    arena.allocate = (bytes) => {
      this.calls++;
      if (this.calls === this.#from || (this.#sticky && this.calls > this.#from)) {
        this.failed++;
        throw new MemoryError("Arena.allocate: no more, says the test.");
      }
      return allocate.call(arena, bytes);
    };
  }

  failAt(call: number, sticky: boolean): void {
    [this.calls, this.failed, this.#from, this.#sticky] = [0, 0, call, sticky];
  }

  heal(): void {
    this.#from = Infinity;
  }
}

interface Operation {
  /** What is there before. */
  readonly prepare: (engine: Engine) => Model | undefined;
  /** What must succeed entirely or leave no trace. Returns what is new, to be disposed of. */
  readonly run: (engine: Engine, model: Model) => unknown;
}

const operations: Record<string, Operation> = {
  build: { prepare: () => undefined, run: (engine) => build(engine) },
  "build from data": { prepare: (engine) => build(engine, 20, undefined), run: (_, model) => void model.predict(x) },
  "build over shared layers": {
    prepare: (engine) => build(engine),
    run: (engine, model) => {
      const start = input({ shape: [9] });
      const shared = model.getLayer(0).apply(start);
      return functional({
        inputs: start,
        outputs: layers.dense(4).apply(layers.dense(5).apply(shared)),
        seed: 2,
        engine,
      });
    },
  },
  compile: { prepare: (engine) => build(engine), run: (_, model) => void compile(model) },
  trainOnBatch: { prepare: (engine) => compile(build(engine)), run: (_, model) => void model.trainOnBatch(x, y) },
  gradients: { prepare: (engine) => compile(build(engine)), run: (_, model) => void model.gradients(x, y) },
  evaluate: { prepare: (engine) => compile(build(engine)), run: (_, model) => void model.evaluate(x, y) },
  predict: { prepare: (engine) => build(engine), run: (_, model) => void model.predict(x) },
  predictMC: { prepare: (engine) => build(engine), run: (_, model) => void model.predictMC(x, { samples: 3 }) },
  clone: { prepare: (engine) => build(engine), run: (_, model) => model.clone() },
  getWeights: { prepare: (engine) => build(engine), run: (_, model) => void model.getWeights() },
  setWeights: {
    prepare: (engine) => build(engine),
    run: (_, model) => {
      const other = new Map([...model.getWeights()].map(([name, { data }]) => [name, data.map((w) => w + 1)]));
      model.setWeights(other);
    },
  },
  "fit, its first step": {
    prepare: (engine) => compile(build(engine)),
    run: (_, model) => model.fit(x, y, { batchSize: 16 }).then(() => undefined),
  },
  "fit after other batch sizes": {
    prepare: (engine) => {
      const model = compile(build(engine));
      model.trainOnBatch(x.data.subarray(0, 9 * 4), y.subarray(0, 4));
      model.predict(x);
      return model;
    },
    run: (_, model) => model.trainOnBatch(x, y) && undefined,
  },
  "unfreezing a layer": {
    prepare: (engine) => {
      const model = compile(build(engine));
      model.getLayer(0).trainable = false;
      model.trainOnBatch(x, y);
      model.getLayer(0).trainable = true;
      return model;
    },
    run: (_, model) => model.trainOnBatch(x, y) && undefined,
  },
};

describe.each([false, true])("an allocation that fails, sticky: %s", (sticky) => {
  test.each(Object.entries(operations))("%s", async (name, { prepare, run }) => {
    // What the operation does when nothing fails.
    const wanted = await outcome(name, { prepare, run }, Infinity, sticky);
    expect(wanted.error).toBeUndefined();
    for (let call = 1; call <= wanted.calls; call++) {
      const { error, changed, leaked, state } = await outcome(name, { prepare, run }, call, sticky);
      const label = `call ${call} of ${wanted.calls}`;
      // A plan that makes room for another may let the operation succeed after all.
      if (error !== undefined) {
        expect(error, label).toBeInstanceOf(MemoryError);
        expect([changed, leaked], label).toEqual([false, 0]);
      } else expect(sticky, label).toBe(false);
      expect(state, `${label}: the next call`).toBe(wanted.state);
    }
    if (name !== "compile") expect(wanted.calls).toBeGreaterThan(0);
  });
});

/** Runs an operation with a failure at one allocation, then once more without. */
async function outcome(name: string, { prepare, run }: Operation, call: number, sticky: boolean) {
  const engine = engineOf("baseline");
  const arena = new FailingArena(engine);
  const model = prepare(engine);
  const stateOf = () => (model?.isBuilt ? fingerprint(model) : "");
  const before = stateOf();
  const bytes = engine.arena.usedBytes;
  arena.failAt(call, sticky);
  let error: unknown;
  let made: unknown;
  try {
    made = await run(engine, model!);
  } catch (thrown) {
    error = thrown;
  }
  const { calls } = arena;
  arena.heal();
  const changed = error !== undefined && stateOf() !== before;
  // Plans are a cache: what they hold is not lost.
  if (error !== undefined && model?.isBuilt) model.built.plans.clear();
  const leaked = error === undefined ? 0 : Math.max(0, engine.arena.usedBytes - bytes);
  if (error !== undefined) made = await run(engine, model!);
  const state = stateOf() + (made === undefined ? "" : fingerprint(made as Model));
  (made as Model | undefined)?.dispose();
  model?.dispose();
  expect(engine.arena.usedBytes, `${name}: everything is given back`).toBe(0);
  return { error, calls, changed, leaked, state };
}

test("a failure in the middle of fit leaves the model at its last completed step", async () => {
  const engine = engineOf("baseline");
  const arena = new FailingArena(engine);
  const model = compile(build(engine));
  const restore = model.snapshot();
  const states = new Map([[0, fingerprint(model)]]);
  let recording = true;
  const onBatchEnd = () => void (recording && states.set(model.steps, fingerprint(model)));
  const run = () => {
    // Without plans at its beginning every epoch allocates.
    const clearing: Callback = { onEpochBegin: () => model.built.plans.clear(), onBatchEnd };
    return model.fit(x, y, { epochs: 2, batchSize: 16, validationData: [x, y], callbacks: [clearing] });
  };
  arena.failAt(Infinity, false);
  await run();
  const { calls } = arena;
  const reached = new Set<number>();
  recording = false;
  for (let call = 1; call <= calls; call++) {
    restore();
    model.built.plans.clear();
    arena.failAt(call, true);
    await expect(run(), `call ${call} of ${calls}`).rejects.toThrow(MemoryError);
    arena.heal();
    reached.add(model.steps);
    expect(fingerprint(model), `call ${call} of ${calls}`).toBe(states.get(model.steps));
  }
  expect([...reached]).toEqual([0, 3, 6]); // before training, at an evaluation or the next epoch, at the last evaluation
  expect((await model.fit(x, y)).stopReason).toBe("completed");
  model.dispose();
  expect(engine.arena.usedBytes).toBe(0);
});

describe("a small memory", () => {
  test("every size up to the first that is enough: MemoryError, and what is left works", async () => {
    const width = 300; // weights and plans of a few hundred kilobytes
    let pages = 2;
    for (let done = false; !done; pages += 2) {
      const engine = engineOf("baseline", pages);
      const model = attempt(() => build(engine, width));
      if (model === undefined) {
        expect(engine.arena.usedBytes).toBe(0);
        continue;
      }
      compile(model);
      const before = fingerprint(model);
      const bytes = engine.arena.usedBytes;
      try {
        await model.fit(x, y, { batchSize: 40 });
        done = true;
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryError);
        expect((error as Error).message).toMatch(
          /^Arena\.allocate: linear memory cannot grow by \d+ bytes beyond \d+\. /,
        );
        expect([fingerprint(model), engine.arena.usedBytes]).toEqual([before, bytes]);
      }
      expect(engine.memory.buffer.byteLength).toBeLessThanOrEqual(pages * PAGE);
      model.dispose();
      expect(engine.arena.usedBytes).toBe(0);
      const small = compile(build(engine, 4));
      small.trainOnBatch(x, y);
      small.dispose();
      expect(engine.arena.usedBytes).toBe(0);
    }
    expect(pages).toBeGreaterThan(10);
  });

  test("plans make room for others, and for the optimizer's state", () => {
    const engine = engineOf("baseline", 40);
    const model = compile(build(engine, 200));
    const big = noise(700, 9, 3);
    const largest = Math.max(
      ...[100, 200, 300, 400, 500, 600, 700].filter((rows) =>
        attempt(() => model.predict(big.data.subarray(0, rows * 9), { batchSize: rows })),
      ),
    );
    expect(largest).toBeGreaterThan(100);
    // The prediction's plan is in the way of training's, which is in the way of the prediction's.
    const predicted = model.predict(big.data.subarray(0, largest * 9), { batchSize: largest }).data;
    model.trainOnBatch(x, y);
    expect(model.predict(big.data.subarray(0, largest * 9), { batchSize: 10 }).data).not.toEqual(predicted);
    model.dispose();
    expect(engine.arena.usedBytes).toBe(0);
  });

  /** The result, or undefined where memory is short. */
  function attempt<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      expect(error).toBeInstanceOf(MemoryError);
      return undefined;
    }
  }
});
