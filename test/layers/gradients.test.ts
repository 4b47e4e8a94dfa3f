/**
 * Every layer in every build: forward pass, gradients, frozen form, inference form, copy and parameter counts, against
 * the float64 references, whose own gradients are checked by central differences on the way.
 */
import { describe, expect, test } from "vitest";
import type { Layer } from "../../src/graph/layer.js";
import { layers, type LayerKind } from "../../src/layers/index.js";
import type { CustomLoss } from "../../src/losses/index.js";
import { functional, input } from "../../src/models/functional.js";
import type { Model } from "../../src/models/model.js";
import type { Engine } from "../../src/runtime/engine.js";
import { Tensor } from "../../src/tensor.js";
import { eachBuild } from "../builds.js";
import { expectClose } from "../closeness.js";
import { seeded } from "../guarded.js";
import { layerReferences, type LayerReference, type Values, type Weights } from "../reference/layers.js";
import { Leaf } from "./leaf.js";
import { describeRow, layerOf, optionsOf, rows, SIZES, TESTED_ELSEWHERE, type Row } from "./rows.js";

/** Of f32 sums of at most a hundred terms, against float64. */
const F32 = { relative: 2e-5, absolute: 3e-6 };
/** Step and tolerance of float64 central differences (TRUST: rtol 1e-3, atol 1e-5). */
const STEP = 1e-6;
const DIFFERENCE = { relative: 1e-5, absolute: 1e-7 };
/** Of the f32 difference quotient, where there is no reference. */
const F32_STEP = 1 / 128;
const F32_DIFFERENCE = { relative: 2e-3, absolute: 2e-4 };

const product = (extents: readonly number[]): number => extents.reduce((p, extent) => p * extent, 1);
const dotProduct = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
const f32 = (values: Values): number[] => values.map(Math.fround);

/** A row at one width and batch, with data and, where there is a reference, what must come out. */
interface Case {
  readonly kind: LayerKind;
  readonly row: Row;
  readonly label: string;
  readonly options: object;
  readonly batch: number;
  readonly width: number;
  readonly shapes: readonly (readonly number[])[];
  readonly x: readonly Values[];
  readonly random: (n: number) => number[];
}

function caseOf(kind: LayerKind, row: Row, width: number, batch: number): Case {
  const next = seeded(width * 100 + batch);
  // Away from the kinks at 0.
  const random = (n: number): number[] =>
    f32(Array.from({ length: n }, () => (next() < 0.5 ? -1 : 1) * (0.1 + 0.9 * next())));
  const shapes = row.shapes(width);
  const options = optionsOf(row, width);
  const x = shapes.map((shape) => random(batch * product(shape)));
  return { kind, row, label: `width ${width}, batch ${batch}:`, options, batch, width, shapes, x, random };
}

const makeLayer = ({ kind, row, width }: Case): Layer => layerOf(kind, row, width, "layer");

/** Torch's batch normalization refuses one value per unit; nothing else depends on the batch. */
const runs = ({ options, batch, shapes }: Case): boolean =>
  !("compat" in options) || batch * product(shapes[0]!.slice(0, -1)) > 1;

/** The layer on leaves, with the loss Σ y * upstream. */
class Bench {
  readonly model: Model;
  /** What the loss saw: the output of the training pass. */
  seen: Float32Array = new Float32Array(0);
  readonly #dummy: Float32Array;

  constructor(
    engine: Engine,
    readonly given: Case,
    readonly layer: Layer,
  ) {
    const { batch, shapes, x } = given;
    const dummy = input({ shape: [1] });
    const leaves = shapes.map((shape, i) => new Leaf(`x${i}`, batch, shape).apply(dummy));
    this.model = functional({ inputs: [dummy], outputs: [layer.apply(leaves)], engine, seed: 7 });
    this.#dummy = new Float32Array(batch);
    const slope: CustomLoss = (yTrue, yPred) => {
      this.seen = yPred.data;
      const width = yPred.size / batch;
      const value = Array.from({ length: batch }, (_, r) =>
        dotProduct(yTrue.data.subarray(r * width, (r + 1) * width), yPred.data.subarray(r * width, (r + 1) * width)),
      );
      return { value, gradient: yTrue.data };
    };
    this.model.compile({ optimizer: "sgd", loss: slope });
    this.set(Object.fromEntries(x.map((values, i) => [`x${i}/value`, values])));
  }

  set(values: Record<string, Values>): void {
    this.model.setWeights(
      Object.fromEntries(Object.entries(values).map(([name, each]) => [name, Float32Array.from(each)])),
    );
  }

  /** Gradient of Σ y * upstream by name. The loss is a mean over rows, which the target undoes. */
  gradients(upstream: Values): Map<string, Float32Array> {
    const target = this.#target(upstream);
    return new Map([...this.model.gradients(this.#dummy, target)].map(([name, { data }]) => [name, data]));
  }

  train(upstream: Values): number {
    return this.model.trainOnBatch(this.#dummy, this.#target(upstream))["loss"]!;
  }

  predict(): Float32Array {
    return this.model.predict(this.#dummy).data;
  }

  #target(upstream: Values): Tensor {
    const { batch } = this.given;
    return new Tensor(
      Float32Array.from(upstream, (value) => value * batch),
      [batch, ...this.model.graph.outputs[0]!.shape],
    );
  }
}

/** Weights away from 0; variances positive. */
function randomWeights(bench: Bench): Record<string, number[]> {
  return Object.fromEntries(
    bench.layer.parameters.map(({ key, count }) => {
      const values = bench.given.random(count);
      return [key, /variance/i.test(key) ? values.map((v) => Math.abs(v) + 0.5).map(Math.fround) : values];
    }),
  );
}

const inModel = (weights: Record<string, number[]>) =>
  Object.fromEntries(Object.entries(weights).map(([key, values]) => [`layer/${key}`, values]));

/** Gradients of the reference, themselves checked along one random direction. */
function referenceGradients(reference: LayerReference, { x, random, label }: Case, w: Weights, upstream: Values) {
  const { dx, dw } = reference.backward(x, w, upstream);
  const vx = x.map((values) => random(values.length));
  const vw = Object.fromEntries(Object.keys(dw).map((key) => [key, random(w[key]!.length)]));
  const lossAt = (h: number): number => {
    const move = (values: Values, direction: Values) => values.map((value, i) => value + h * direction[i]!);
    const shiftedX = x.map((values, i) => move(values, vx[i]!));
    const shifted = { ...w, ...Object.fromEntries(Object.entries(vw).map(([key, v]) => [key, move(w[key]!, v)])) };
    return dotProduct(reference.forward(shiftedX, shifted), upstream) + (reference.penalty?.(shiftedX, shifted) ?? 0);
  };
  const slope =
    dx.reduce((sum, gradient, i) => sum + dotProduct(gradient, vx[i]!), 0) +
    Object.entries(dw).reduce((sum, [key, gradient]) => sum + dotProduct(gradient, vw[key]!), 0);
  expectClose([slope], [(lossAt(STEP) - lossAt(-STEP)) / (2 * STEP)], { ...DIFFERENCE, label: `${label} reference` });
  return { dx, dw };
}

const isRandom = (kind: LayerKind): boolean => !(kind in layerReferences);

function checkAgainstReference(engine: Engine, given: Case): void {
  const { kind, options, batch, shapes, x, random, label } = given;
  const layer = makeLayer(given);
  const bench = new Bench(engine, given, layer);
  const batched = shapes.map((shape) => [batch, ...shape]);
  const reference = layerReferences[kind]!(options as Record<string, unknown>, batched);
  const w = randomWeights(bench);
  if (layer.parameters.length > 0) bench.set(inModel(w));
  expect([batch, ...bench.model.graph.outputs[0]!.shape], label).toEqual([...reference.shape]);

  const y = reference.forward(x, w);
  const upstream = random(y.length);
  const { dx, dw } = referenceGradients(reference, given, w, upstream);
  const found = bench.gradients(upstream);
  expectClose(bench.seen, y, { ...F32, label: `${label} output` });
  dx.forEach((gradient, i) => expectClose(found.get(`x${i}/value`)!, gradient, { ...F32, label: `${label} dx${i}` }));
  for (const [key, gradient] of Object.entries(dw)) {
    expectClose(found.get(`layer/${key}`)!, gradient, { ...F32, label: `${label} d ${key}` });
  }
  expect([...found.keys()].sort(), label).toEqual(
    [...x.map((_, i) => `x${i}/value`), ...Object.keys(dw).map((key) => `layer/${key}`)].sort(),
  );
  const inference = reference.inference?.(x, w) ?? y;
  expectClose(bench.predict(), inference, { ...F32, label: `${label} inference` });

  layer.trainable = false;
  const frozen = layerReferences[kind]!({ ...options, trainable: false }, batched);
  const still = bench.gradients(upstream);
  expect([...still.keys()], `${label} frozen`).toEqual(x.map((_, i) => `x${i}/value`));
  const frozenSlopes = frozen.backward(x, w, upstream).dx;
  frozenSlopes.forEach((gradient, i) =>
    expectClose(still.get(`x${i}/value`)!, gradient, { ...F32, label: `${label} frozen dx${i}` }),
  );
  expectClose(bench.seen, frozen.forward(x, w), { ...F32, label: `${label} frozen output` });

  layer.trainable = true;
  const penalty = reference.penalty?.(x, w) ?? 0;
  const loss = bench.train(upstream);
  expectClose([loss], [dotProduct(y, upstream) + penalty], { relative: 1e-5, absolute: 3e-5, label: `${label} loss` });
  for (const [key, values] of Object.entries(reference.after?.(x, w) ?? {})) {
    const after = bench.model.getWeights().get(`layer/${key}`)!.data;
    expectClose(after, values, { ...F32, label: `${label} ${key} after a step` });
  }
  bench.model.dispose();
}

/** Layers with masks or noise: the same draw on both sides of a difference, since gradients() moves nothing. */
function checkRandom(engine: Engine, given: Case): void {
  const { x, random, label, kind } = given;
  const layer = makeLayer(given);
  const bench = new Bench(engine, given, layer);
  const upstream = random(product(bench.model.graph.outputs[0]!.shape) * given.batch);
  const found = bench.gradients(upstream);
  expect([...found.keys()], label).toEqual(["x0/value"]);
  const dx = found.get("x0/value")!;
  const drawn = bench.seen;

  const direction = random(dx.length);
  const lossAt = (h: number): number => {
    bench.set({ "x0/value": x[0]!.map((value, i) => value + h * direction[i]!) });
    bench.gradients(upstream);
    return dotProduct(bench.seen, upstream);
  };
  const slope = (lossAt(F32_STEP) - lossAt(-F32_STEP)) / (2 * F32_STEP);
  expectClose([dotProduct(dx, direction)], [slope], { ...F32_DIFFERENCE, label: `${label} slope` });

  bench.set({ "x0/value": x[0]! });
  const { lower, upper } = { lower: 1 / 8, upper: 1 / 3, ...given.options };
  const inference = kind === "rrelu" ? x[0]!.map((v) => (v > 0 ? v : (v * (lower + upper)) / 2)) : x[0]!;
  expectClose(bench.predict(), inference, { ...F32, label: `${label} inference` });

  layer.trainable = false; // nothing to freeze: it stays random
  expect([...bench.gradients(upstream).get("x0/value")!], `${label} frozen`).toEqual([...dx]);
  expect([...bench.seen], `${label} frozen`).toEqual([...drawn]);
  bench.model.dispose();
}

/** A copy has the same options: with the same weights it gives the same bits, and shares nothing. */
function checkCopy(engine: Engine, given: Case): void {
  const layer = makeLayer(given);
  const bench = new Bench(engine, given, layer);
  const weights = inModel(randomWeights(bench));
  if (layer.parameters.length > 0) bench.set(weights);
  const upstream = given.random(given.batch * product(bench.model.graph.outputs[0]!.shape));
  const copy = layer.copy();
  expect(copy.options).toEqual(layer.options);
  expect([copy.kind, copy.built]).toEqual([layer.kind, false]);
  const twin = new Bench(engine, given, copy);
  if (layer.parameters.length > 0) twin.set(weights);
  expect(twin.gradients(upstream), `${given.label} copy`).toEqual(bench.gradients(upstream));
  expect(twin.predict(), `${given.label} copy`).toEqual(bench.predict());
  for (const [i, { address }] of copy.parameters.entries()) expect(address).not.toBe(layer.parameters[i]!.address);
  twin.model.dispose();
  bench.model.dispose();
}

function checkCounts(engine: Engine, given: Case): void {
  const { model, layer } = new Bench(engine, given, makeLayer(given));
  const [learned, fixed] = given.row.counts?.(given.width) ?? [0, 0];
  const own = () => model.parameters.filter(({ name }) => name.startsWith("layer/"));
  const sum = (trainable: boolean) =>
    own().reduce((total, parameter) => total + (parameter.trainable === trainable ? parameter.count : 0), 0);
  expect([sum(true), sum(false)], given.label).toEqual([learned, fixed]);
  expect(own().every(({ shape, count }) => product(shape) === count)).toBe(true);
  layer.trainable = false;
  expect([sum(true), sum(false)], `${given.label} frozen`).toEqual([0, learned + fixed]);
  model.dispose();
}

test("every factory of layers has rows, and every row of a reference kind its reference", () => {
  expect([...Object.keys(rows), ...Object.keys(TESTED_ELSEWHERE)].sort()).toEqual(Object.keys(layers).sort());
  for (const [kind, each] of Object.entries(rows)) expect(each.length, kind).toBeGreaterThan(0);
  const random = (Object.keys(rows) as LayerKind[]).filter(isRandom);
  expect(random.sort()).toEqual(["alphaDropout", "dropout", "gaussianDropout", "gaussianNoise", "rrelu"]);
});

eachBuild("layers", (engine) => {
  const kinds = Object.keys(rows) as (keyof typeof rows)[];
  describe.each(kinds)("%s", (kind) => {
    test.each(rows[kind].map((row) => [describeRow(row), row] as const))("%s", (_, row) => {
      for (const [width, batch] of SIZES) {
        const given = caseOf(kind, row, width, batch);
        if (!runs(given)) continue;
        if (isRandom(kind)) checkRandom(engine, given);
        else checkAgainstReference(engine, given);
      }
      if (engine.info.build !== "baseline") return; // the rest does not depend on the build
      for (const [width, batch] of SIZES.slice(-2)) {
        const given = caseOf(kind, row, width, batch);
        if (!runs(given)) continue;
        checkCopy(engine, given);
        checkCounts(engine, given);
      }
    });
  });

  test.each(["maximum", "minimum"] as const)("%s of equal inputs hands the gradient on once", (kind) => {
    const start = input({ shape: [1] });
    const node = layers.dense({ units: 1, useBias: false, name: "w" }).apply(start);
    const end = layers[kind]().apply(node, node, node);
    const model = functional({ inputs: start, outputs: end, engine });
    model.setWeights({ "w/kernel": [[2]] });
    model.compile({ optimizer: "sgd", loss: "meanAbsoluteError" });
    expect(model.gradients([3], [1]).get("w/kernel")!.toArray()).toEqual([[3]]);
    model.dispose();
  });

  test.each(["maximum", "minimum"] as const)("%s hands NaN on from every input", (kind) => {
    const nodes = [0, 1, 2].map((i) => input({ shape: [9], name: `x${i}` }));
    const model = functional({ inputs: nodes, outputs: [layers[kind]().apply(nodes)], engine });
    const [a, b, c] = [0, 1, 2].map((i) => Float32Array.from({ length: 9 }, (_, j) => (j % 3 === i ? NaN : j))) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    expect([...model.predict([a, b, c]).data]).toEqual(new Array(9).fill(NaN));
    model.dispose();
  });

  test("everything was given back", () => expect(engine.arena.usedBytes).toBe(0));
});
