/** Plans of random graphs: what they compute against float64, where their buffers lie, and what they do not compute. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Layer } from "../../src/graph/layer.js";
import type { Buffer } from "../../src/graph/lowering.js";
import type { Node } from "../../src/graph/node.js";
import {
  functional,
  input,
  layers,
  losses,
  optimizers,
  sequential,
  type CustomLoss,
  type Model,
  type MonteCarloPrediction,
  type Tensor,
} from "../../src/index.js";
import type * as workspace from "../../src/graph/workspace.js";
import type { OptimizerLike } from "../../src/models/compile.js";
import type { Engine } from "../../src/runtime/engine.js";
import { eachBuild, engineOf, THREADS } from "../builds.js";
import { expectClose } from "../closeness.js";
import { seeded } from "../guarded.js";
import { bits, fingerprint, labels, noise } from "../models/nets.js";
import { layerReferences, type Values } from "../reference/layers.js";

interface Placed {
  readonly buffers: readonly Buffer[];
  readonly bytes: number;
  readonly capacity: number;
  readonly samples: number;
}

/** What the plans below placed, and whether their buffers may share memory. */
const placement = vi.hoisted(() => ({ shared: true, seen: [] as Placed[] }));

vi.mock("../../src/graph/workspace.js", async (load) => {
  const real = await load<typeof workspace>();
  /** One after another: nothing is ever overwritten by something else. */
  function apart(buffers: readonly Buffer[], capacity: number, samples: number): number {
    let bytes = 0;
    for (const buffer of buffers) {
      const size = real.placeBuffers([buffer], capacity, samples);
      buffer.address = bytes;
      bytes += size;
    }
    return bytes;
  }
  return {
    placeBuffers(buffers: readonly Buffer[], capacity: number, samples: number): number {
      const bytes = (placement.shared ? real.placeBuffers : apart)(buffers, capacity, samples);
      placement.seen.push({ buffers: buffers.map((buffer) => ({ ...buffer })), bytes, capacity, samples });
      return bytes;
    },
  };
});

beforeEach(() => {
  placement.shared = true;
  placement.seen.length = 0;
  vi.spyOn(console, "warn").mockImplementation(() => {}); // predictMC, of graphs that drew no dropout
});
afterEach(() => void vi.restoreAllMocks());

/** A step of a random graph, as its float64 reference needs it. */
interface Step {
  readonly kind: string;
  readonly options: Record<string, unknown>;
  readonly from: readonly number[];
  readonly name: string;
}

const WIDTH = 6;
const ROWS = 5;
const SEEDS = Array.from({ length: 24 }, (_, i) => i + 1);
const KINDS = [
  ...["dense", "dense", "again", "activation", "add", "multiply", "average", "maximum", "concatenate", "flatten"],
  ...["batchNormalization", "layerNormalization"],
];
const MERGES = ["add", "multiply", "average", "maximum", "concatenate"];
const DENSE = { units: WIDTH, activation: "tanh" };

/** Two inputs, a dozen layers on whatever came before, some of them shared, and two outputs. */
function randomGraph(seed: number, engine: Engine, random = false) {
  const next = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const starts = [input({ shape: [WIDTH] }), input({ shape: [WIDTH] })];
  const nodes: Node[] = [...starts];
  const steps: Step[] = [];
  const dense: Layer[] = [];
  const add = (kind: string, options: Record<string, unknown>, from: number[], name: string, shared?: Layer): void => {
    const factory = (layers as unknown as Record<string, (options: object) => Layer>)[kind]!;
    const layer = shared ?? factory({ ...options, name });
    if (options === DENSE) dense.push(layer);
    nodes.push(layer.apply(from.map((id) => nodes[id]!)));
    steps.push({ kind, options, from, name: layer.givenName! });
  };
  /** One of the last values of the common width. */
  const recent = (): number => pick([...nodes.keys()].filter((id) => nodes[id]!.shape[0] === WIDTH).slice(-4));
  for (let i = 0; i < 12; i++) {
    const kind = pick(random ? [...KINDS, "dropout", "dropout", "gaussianNoise"] : KINDS);
    const name = `${kind}${i}`;
    const from = MERGES.includes(kind) ? [recent(), recent()] : [recent()];
    if (kind === "again") add("dense", DENSE, from, name, dense.length > 0 ? pick(dense) : undefined);
    else if (kind === "dense") add(kind, DENSE, from, name);
    else if (kind === "activation") add(kind, { activation: pick(["gelu", "elu", "softmax", "sigmoid"]) }, from, name);
    else if (kind === "dropout") add(kind, { rate: 0.4 }, from, name);
    else if (kind === "gaussianNoise") add(kind, { stddev: 0.3 }, from, name);
    else add(kind, {}, from, name);
    if (kind === "concatenate") add("dense", { units: WIDTH }, [nodes.length - 1], `${name}back`);
  }
  add("dense", { units: WIDTH }, [nodes.length - 1], "last"); // so that something learns in every graph
  const ends = [nodes.length - 1, recent()];
  const model = functional({ inputs: starts, outputs: ends.map((id) => nodes[id]!), seed, engine });
  return { model, steps, ends };
}

const pairOf = (rows: number, seed: number): [Tensor, Tensor] => [
  noise(rows, WIDTH, seed),
  noise(rows, WIDTH, seed + 1),
];

/** Loss Σ y * target of each sample. */
const slope: CustomLoss = (yTrue, yPred) => {
  const width = yPred.size / yPred.shape[0]!;
  const value = new Float64Array(yPred.shape[0]!);
  yPred.data.forEach((y, i) => (value[Math.floor(i / width)]! += y * yTrue.data[i]!));
  return { value, gradient: yTrue.data };
};

describe("random graphs", () => {
  test.each(SEEDS)("compute what float64 computes, and its gradient: graph %i", (seed) => {
    const { model, steps, ends } = randomGraph(seed, engineOf("baseline"));
    model.compile({ optimizer: "sgd", loss: [slope, slope] });
    const [data, targets] = [pairOf(ROWS, seed), pairOf(ROWS, seed + 2)];
    const weights = new Map([...model.getWeights()].map(([name, { data: values }]) => [name, [...values]]));

    /** The loss in training mode: every step in turn. */
    const lossAt = (w: ReadonlyMap<string, Values>): number => {
      const values: Values[] = data.map((each) => [...each.data]);
      for (const { kind, options, from, name } of steps) {
        const own = Object.fromEntries(
          [...w].filter(([key]) => key.startsWith(`${name}/`)).map(([key, each]) => [key.slice(name.length + 1), each]),
        );
        const inputs = from.map((id) => values[id]!);
        const shapes = inputs.map((each) => [ROWS, each.length / ROWS]);
        const unused = inputs.some((each) => each.length === 0) || (kind === "dense" && own["kernel"] === undefined);
        values.push(unused ? [] : layerReferences[kind]!(options, shapes).forward(inputs, own));
      }
      const products = ends.map((id, i) => values[id]!.reduce((sum, y, j) => sum + y * targets[i]!.data[j]!, 0));
      return products.reduce((sum, each) => sum + each, 0) / ROWS;
    };

    const found = model.gradients(data, targets);
    const next = seeded(seed);
    const direction = new Map([...found].map(([name, { data: g }]) => [name, Array.from(g, () => 2 * next() - 1)]));
    const moved = (h: number) =>
      new Map(
        [...weights].map(([name, w]) => [name, w.map((value, i) => value + h * (direction.get(name)?.[i] ?? 0))]),
      );
    const expected = (lossAt(moved(1e-6)) - lossAt(moved(-1e-6))) / 2e-6;
    let sum = 0;
    for (const [name, { data: g }] of found) g.forEach((value, i) => (sum += value * direction.get(name)![i]!));
    expectClose([sum], [expected], { relative: 1e-4, absolute: 1e-4, label: `gradient of graph ${seed}` });
    const { loss } = model.trainOnBatch(data, targets) as { loss: number };
    expectClose([loss], [lossAt(weights)], { relative: 1e-4, absolute: 1e-5, label: `loss of graph ${seed}` });
    model.dispose();
  });

  test.each(SEEDS)("compute the same bits whether buffers share memory or not: graph %i", (seed) => {
    const results = [true, false].map((shared) => {
      placement.shared = shared;
      const engine = engineOf("baseline");
      const { model } = randomGraph(seed, engine, true);
      const data = pairOf(ROWS, 1);
      const targets = [noise(ROWS, WIDTH, 3), labels(ROWS, WIDTH, 4)];
      const fromLogits = losses.sparseCategoricalCrossentropy({ fromLogits: true });
      model.compile({ optimizer: "adam", loss: ["meanSquaredError", fromLogits], lossWeights: [1, 0.5] });
      const result = {
        logs: [1, 2, 3].map(() => model.trainOnBatch(data, targets)),
        sampled: model.predictMC<MonteCarloPrediction[]>(data, { samples: 3, keepSamples: true }),
        evaluated: model.evaluate(data, targets),
        predicted: model.predict<Tensor[]>(data),
        weights: bits(model),
      };
      model.dispose();
      expect(engine.arena.usedBytes).toBe(0);
      return result;
    });
    expect(results[0]).toEqual(results[1]);
  });

  test("share memory between buffers whose lives do not meet, and only those", () => {
    for (const seed of SEEDS) {
      const { model } = randomGraph(seed, engineOf("baseline"), true);
      model.compile({ optimizer: "sgd", loss: ["meanSquaredError", "meanSquaredError"] });
      const data = pairOf(ROWS, 1);
      model.trainOnBatch(data, data);
      model.predict(data);
      model.predictMC(data, { samples: 3 });
    }
    expect(placement.seen).toHaveLength(3 * SEEDS.length);
    let [needed, summed] = [0, 0];
    for (const { buffers, bytes, capacity, samples } of placement.seen) {
      const sizes = buffers.map(
        ({ perRow, fixed, sampled }) => 4 * (perRow * capacity * (sampled ? samples : 1) + fixed),
      );
      for (const [i, a] of buffers.entries()) {
        expect([a.address % 64, a.address + sizes[i]! <= bytes]).toEqual([0, true]);
        for (const [j, b] of buffers.entries()) {
          if (j <= i || a.first > b.last || b.first > a.last) continue;
          const apart = a.address + sizes[i]! <= b.address || b.address + sizes[j]! <= a.address;
          if (!apart) throw new Error(`buffers ${i} and ${j} live at the same time in the same place`);
        }
      }
      needed += bytes;
      summed += sizes.reduce((total, size) => total + 64 * Math.ceil(size / 64), 0);
    }
    expect(needed).toBeLessThan(0.7 * summed);
  });
});

eachBuild("batches", (engine) => {
  test("of fewer rows than the plan holds give the bits of a plan of their size", () => {
    for (const seed of [3, 5, 8]) {
      const make = (): Model => {
        const { model } = randomGraph(seed, engine, true);
        // With a norm to clip by, steps and gradients() are served by one plan.
        model.compile({ optimizer: optimizers.nadam({ clipNorm: 1 }), loss: ["meanSquaredError", "huber"] });
        return model;
      };
      const [small, large] = [make(), make()];
      const most = pairOf(64, 1);
      large.gradients(most, most);
      large.evaluate(most, most);
      large.predict(most);
      placement.seen.length = 0;
      for (const rows of [5, 1, 17]) {
        const data = pairOf(rows, rows);
        expect(large.gradients(data, data)).toEqual(small.gradients(data, data));
        expect(large.trainOnBatch(data, data)).toEqual(small.trainOnBatch(data, data));
        expect(large.evaluate(data, data)).toEqual(small.evaluate(data, data));
        expect(large.predict<Tensor[]>(data)).toEqual(small.predict<Tensor[]>(data));
        expect(bits(large)).toEqual(bits(small));
      }
      // The large model's plans served; the small one's grew for 17 rows.
      expect(placement.seen.map(({ capacity }) => capacity)).toEqual([5, 5, 5, 17, 17, 17]);
      small.dispose();
      large.dispose();
    }
    expect(engine.arena.usedBytes).toBe(0);
  });
});

eachBuild("gradients made block by block", (engine) => {
  /** Kernels of several blocks, of one, with narrow columns, with padded ones, used twice, with a penalty, tied. */
  const wide = (): Model => {
    const x = input({ shape: [700] });
    const first = layers.dense({ units: 99, activation: "relu", kernelConstraint: "nonNegative" });
    const shared = layers.dense({ units: 99, kernelInitializer: "heNormal" });
    const penalized = layers.dense({ units: 99, kernelRegularizer: "l2" });
    const slow = layers.dense({ units: 343, learningRateScale: 0.5 });
    const hidden = shared.apply(shared.apply(first.apply(x)));
    const z = slow.apply(penalized.apply(hidden));
    const tied = layers.denseTranspose({ of: first }).apply(hidden);
    return functional({ inputs: x, outputs: [layers.dense(3).apply(z), tied], seed: 4, engine });
  };
  /** Sees nothing, but wants its gradients whole. */
  const observer = { begin: () => () => {}, gradients: () => {}, end: () => {} };
  const data = noise(3, 700, 1);
  const targets = [noise(3, 3, 2), noise(3, 700, 3)];

  test.each(["sgd", "adam", "rmsprop"] as const)("give the bits of whole ones: %s", (name) => {
    const [whole, blocks] = [wide(), wide()];
    const common = { weightDecay: 0.01, clipValue: 0.01, useEma: true, excludeFromWeightDecay: ["dense_3"] };
    for (const model of [whole, blocks]) {
      model.compile({ optimizer: optimizers[name](common), loss: ["meanSquaredError", "huber"] });
    }
    whole.observer = observer;
    for (let step = 0; step < 3; step++) {
      expect(blocks.trainOnBatch(data, targets)).toEqual(whole.trainOnBatch(data, targets));
      expect(fingerprint(blocks, { raw: true })).toBe(fingerprint(whole, { raw: true }));
    }
    whole.dispose();
    blocks.dispose();
    expect(engine.arena.usedBytes).toBe(0);
  });

  const workspaceOf = (optimizer: OptimizerLike, rows: number): number => {
    const model = wide();
    model.compile({ optimizer, loss: ["meanSquaredError", "huber"] });
    placement.seen.length = 0;
    model.trainOnBatch(noise(rows, 700, 1), [noise(rows, 3, 2), noise(rows, 700, 3)]);
    const { bytes } = placement.seen[0]!;
    model.dispose();
    return bytes;
  };

  // Several threads want whole gradients.
  test.skipIf(THREADS > 1)(
    "leave out the largest, but not where a norm or a sum of gradients is needed, or where rows take more",
    () => {
      const unclipped = workspaceOf(optimizers.sgd(), 3);
      for (const option of [{ clipNorm: 1 }, { globalClipNorm: 1 }, { gradientAccumulationSteps: 2 }]) {
        expect(workspaceOf(optimizers.sgd(option), 3) - unclipped).toBeGreaterThan(0);
      }
      expect(workspaceOf(optimizers.sgd(), 300)).toBe(workspaceOf(optimizers.sgd({ clipNorm: 1 }), 300));
    },
  );
});

const x = noise(20, 5, 1);
const y = labels(20, 3, 2);

describe("plans are kept", () => {
  const build = (): Model => {
    const model = sequential(
      [layers.dense({ units: 4, name: "low" }), layers.dense({ units: 3, activation: "softmax" })],
      { inputShape: [5], seed: 1, engine: engineOf("baseline") },
    );
    model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
    return model;
  };
  const built = (): number => placement.seen.length;

  test("by mode, and by which layers learn", () => {
    const model = build();
    const low = model.getLayer("low");
    for (let i = 0; i < 4; i++) {
      model.trainOnBatch(x, y);
      model.evaluate(x, y);
      model.predict(x);
      low.trainable = !low.trainable;
    }
    // Three modes; training and evaluation once more with the layer frozen.
    expect(built()).toBe(5);
    model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
    model.predict(x);
    expect(built()).toBe(6);
    model.dispose();
  });

  test("for larger batches in place of smaller ones", () => {
    const model = build();
    for (const rows of [2, 9, 20, 9, 2]) model.predict(x.data.subarray(0, rows * 5));
    expect(placement.seen.map(({ capacity }) => capacity)).toEqual([2, 9, 20]);
    const bytes = model.engine.arena.usedBytes;
    model.built.plans.clear();
    expect(bytes - model.engine.arena.usedBytes).toBe(placement.seen[2]!.bytes);
    model.dispose();
  });

  test("the least recently used goes first", () => {
    const model = build();
    const sample = (samples: number): number => (model.predictMC(x, { samples }), built());
    expect([1, 2, 3, 4, 5, 6].map(sample)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(sample(1)).toBe(6); // now the most recent
    expect(sample(7)).toBe(7); // in place of 2
    expect(sample(1)).toBe(7);
    expect(sample(2)).toBe(8);
    model.dispose();
    expect(model.engine.arena.usedBytes).toBe(0);
  });
});

describe("what is not needed is not computed", () => {
  /** Kernels called by an action, with how often. */
  function callsOf(make: (engine: Engine) => Model, act: (model: Model) => void): Record<string, number> {
    const engine = engineOf("baseline");
    let counts: Record<string, number> = {};
    const kernels = { ...engine.kernels } as unknown as Record<string, (...args: number[]) => number>;
    const counting = Object.fromEntries(
      Object.entries(kernels).map(([name, kernel]) => [
        name,
        typeof kernel !== "function"
          ? kernel
          : (...args: number[]) => {
              counts[name] = (counts[name] ?? 0) + 1;
              return kernel(...args);
            },
      ]),
    );
    Object.assign(engine, { kernels: counting });
    const model = make(engine);
    counts = {};
    act(model);
    for (const name of ["panelFloats", ...Object.keys(counts).filter((each) => each.endsWith("Scratch"))])
      delete counts[name]; // asked when the plan is made
    return counts;
  }

  const net = (engine: Engine): Model => {
    const model = sequential(
      [
        layers.dense({ units: 8, activation: "elu", name: "one" }),
        layers.batchNormalization({ name: "norm" }),
        layers.dense({ units: 8, activation: "elu", name: "two" }),
        layers.dense({ units: 3, activation: "softmax", name: "top" }),
      ],
      { inputShape: [5], seed: 1, engine },
    );
    model.compile({ optimizer: "sgd", loss: "sparseCategoricalCrossentropy" });
    return model;
  };
  const freezing = (...names: string[]) =>
    callsOf(net, (model) => {
      for (const name of names) model.getLayer(name).trainable = false;
      model.trainOnBatch(x, y);
    });
  /** Counts of backward kernels by what they are for. */
  const backwardOf = (counts: Record<string, number>) => {
    const of = (part: string) =>
      Object.entries(counts).reduce((sum, [name, count]) => sum + (name.startsWith(part) ? count : 0), 0);
    return {
      weights: of("denseBackwardWeights"),
      bias: of("biasBackward"),
      inputs: of("denseBackwardInput"),
      activations: of("eluBackward"),
      statistics: of("batchNormBackward"),
      inference: of("batchNormInferenceBackward"),
    };
  };

  test("the first layer's input gets no gradient", () => {
    const counts = freezing();
    const all = { weights: 3, bias: 3, inputs: 2, activations: 2, statistics: 1, inference: 0 };
    expect(backwardOf(counts)).toEqual(all);
    expect([counts["sgdStep"], counts["batchNormStatistics"], counts["movingUpdate"]]).toEqual([8, 1, 2]);
  });

  test("a frozen trunk costs no backward call, no optimizer call and no statistics", () => {
    const counts = freezing("one", "norm", "two");
    const top = { weights: 1, bias: 1, inputs: 0, activations: 0, statistics: 0, inference: 0 };
    expect(backwardOf(counts)).toEqual(top);
    expect([counts["sgdStep"], counts["batchNormStatistics"], counts["movingUpdate"]]).toEqual([
      2,
      undefined,
      undefined,
    ]);
  });

  test("frozen layers above one that learns pass its gradient on, and make none of their own", () => {
    const counts = freezing("norm", "two", "top");
    const through = { weights: 1, bias: 1, inputs: 2, activations: 2, statistics: 0, inference: 1 };
    expect(backwardOf(counts)).toEqual(through);
    expect(counts["sgdStep"]).toBe(2);
  });

  test("prediction runs forward kernels alone, and what no dropout precedes once for all samples", () => {
    const make = (engine: Engine) =>
      sequential([layers.dense({ units: 4, activation: "relu" }), layers.dropout(0.5), layers.dense(2)], {
        inputShape: [5],
        seed: 1,
        engine,
      });
    expect(callsOf(make, (model) => void model.predict(x))).toEqual({ denseForward: 2, reluForward: 1 });
    expect(callsOf(make, (model) => void model.predictMC(x, { samples: 4 }))).toEqual({
      denseForward: 2,
      reluForward: 1,
      dropoutForward: 4,
    });
  });

  test("gradients() makes no optimizer state", () => {
    const model = net(engineOf("baseline"));
    model.gradients(x, y);
    for (const parameter of model.built.parameters.values()) expect(model.optimizer.state(parameter)).toBeUndefined();
    model.dispose();
  });
});

test("outputs keep the order they were asked for", () => {
  const engine = engineOf("baseline");
  const start = input({ shape: [1] });
  const first = layers.rescaling({ scale: 2, name: "double" }).apply(start);
  const second = layers.rescaling({ scale: 3, name: "triple" }).apply(first);
  const other = layers.rescaling({ scale: 5, name: "five" }).apply(start);
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [2, 0, 1],
  ]) {
    const model = functional({ inputs: start, outputs: order.map((i) => [first, second, other][i]!), engine });
    const values = model.predict<Tensor[]>([1]).map(({ data }) => data[0]);
    expect(values).toEqual(order.map((i) => [2, 6, 5][i]));
    expect(model.outputNames).toEqual(order.map((i) => ["double", "triple", "five"][i]));
    model.dispose();
  }
});
