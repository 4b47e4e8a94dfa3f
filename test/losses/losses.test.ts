/** Every loss of the table, in every build, against float64: values, gradients and the stable fused forms. */
import { describe, expect, it } from "vitest";
import { losses, type Loss, type LossName } from "../../src/losses/index.js";
import { eachBuild } from "../builds.js";
import { expectClose, firstDifference } from "../closeness.js";
import { Guarded, seeded } from "../guarded.js";
import { outputs, references } from "../reference/losses.js";
import { domains } from "./domains.js";
import { makeLoss, variants } from "./variants.js";
import type { Engine } from "../../src/runtime/engine.js";

const WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 10, 17, 33, 100];
const ROWS = [0, 1, 2, 3, 4, 5, 9];

const names = Object.keys(losses) as LossName[];
const f32 = (row: number[]): number[] => row.map(Math.fround);

/** Targets in linear memory, as floats or labels. */
function place(engine: Engine, loss: Loss, targets: number[][], misalignment: number): Guarded {
  const flat = targets.flat();
  const array = Guarded.of(engine, flat, misalignment);
  if (loss.target === "class") engine.i32.set(flat, array.address >>> 2);
  return array;
}

/** Runs a loss on rows and returns values and slopes; dPrediction lies in its own array. */
function run(engine: Engine, loss: Loss, y: number[][], t: number[][], scale: number[], misalignment = 0) {
  const rows = y.length;
  const width = y[0]?.length ?? 1;
  const Y = Guarded.of(engine, y.flat(), misalignment);
  const T = place(engine, loss, t, misalignment);
  const S = Guarded.of(engine, scale, misalignment);
  const L = new Guarded(engine, rows, misalignment);
  const D = new Guarded(engine, rows * width, misalignment);
  loss.forward(engine.kernels, rows, width, Y.address, T.address, L.address);
  loss.backward(engine.kernels, rows, width, Y.address, T.address, S.address, D.address);
  const result = { value: L.read(), slope: D.read() };
  for (const array of [Y, T, S, L, D]) array.free();
  return result;
}

/** The same through the fused form: the activation's output is given, and dz overwrites it. */
function runFused(engine: Engine, loss: Loss, z: number[][], t: number[][], scale: number[]) {
  const rows = z.length;
  const width = z[0]!.length;
  const fused = loss.fused!;
  const Z = Guarded.of(engine, z.flat());
  const Y = Guarded.of(engine, z.flatMap(outputs[fused.activation]));
  const T = place(engine, loss, t, 0);
  const S = Guarded.of(engine, scale);
  const L = new Guarded(engine, rows);
  fused.forward(engine.kernels, rows, width, Z.address, Y.address, T.address, L.address);
  fused.backward(engine.kernels, rows, width, Z.address, Y.address, T.address, S.address, Y.address);
  const result = { value: L.read(), slope: Y.read() };
  for (const array of [Z, Y, T, S, L]) array.free();
  return result;
}

eachBuild("losses", (engine) => {
  describe.each(names)("%s", (name) => {
    const { prediction, target, loss: lossBound, gradient: gradientBound } = domains[name];

    it.each(variants(name))("equals float64 at every remainder size, options %j", (options) => {
      const random = seeded(11);
      const loss = makeLoss(name, options);
      const reference = references[name]!(options);
      for (const width of WIDTHS) {
        for (const rows of ROWS) {
          const logits = () => Array.from({ length: width }, () => 16 * random() - 8);
          const y = Array.from({ length: rows }, () => f32(options.fromLogits ? logits() : prediction(random, width)));
          const t = Array.from({ length: rows }, () => f32(target(random, width)));
          const scale = f32(Array.from({ length: rows }, () => random() + 0.1));
          const misalignment = (rows + width) % 4;
          const label = `width ${width}, rows ${rows}`;
          const { value, slope } = run(engine, loss, y, t, scale, misalignment);
          const want = y.map((row, r) => reference.loss(row, t[r]!));
          expectClose(value, want, { ...lossBound, label });
          const slopes = y.flatMap((row, r) => reference.gradient(row, t[r]!).map((d) => d * scale[r]!));
          expectClose(slope, slopes, { ...gradientBound, label: `${label}, gradient` });

          if (rows < 2) continue;
          const part = run(engine, loss, y.slice(1), t.slice(1), scale.slice(1));
          expect(firstDifference(part.value, value.slice(1)), `${label}, without the first row`).toBe(-1);
          expect(firstDifference(part.slope, slope.slice(width)), `${label}, without the first row`).toBe(-1);
        }
      }
    });

    it.each(variants(name))("carries a NaN of any lane into its row only, options %j", (options) => {
      const random = seeded(5);
      const loss = makeLoss(name, options);
      for (const width of [1, 3, 4, 7]) {
        for (let bad = 0; bad < width; bad++) {
          const y = Array.from({ length: 3 }, () => f32(prediction(random, width)));
          const t = y.map(() => f32(target(random, width)));
          y[1]![bad] = NaN;
          if (loss.target === "class") t[1] = [bad];
          const { value, slope } = run(engine, loss, y, t, [1, 1, 1]);
          expect([...value].map(Number.isNaN)).toEqual([false, true, false]);
          expect(slope[width + bad]).toBeNaN();
          expect([...slope.slice(0, width), ...slope.slice(2 * width)].some(Number.isNaN)).toBe(false);
        }
      }
    });
  });

  // Elementwise losses say that dPrediction may be the prediction or the target.
  it.each(names.filter((name) => !/ategorical|cosine/.test(name)))("%s may overwrite prediction or target", (name) => {
    const random = seeded(13);
    for (const width of [1, 3, 10]) {
      const y = Array.from({ length: 5 }, () => f32(domains[name].prediction(random, width)));
      const t = y.map(() => f32(domains[name].target(random, width)));
      const scale = f32(y.map(() => random()));
      const { slope } = run(engine, makeLoss(name, {}), y, t, scale);
      for (const over of [0, 1]) {
        const arrays = [Guarded.of(engine, y.flat()), Guarded.of(engine, t.flat())] as const;
        const S = Guarded.of(engine, scale);
        const [Y, T] = arrays;
        const { backward } = makeLoss(name, {});
        backward(engine.kernels, 5, width, Y.address, T.address, S.address, arrays[over]!.address);
        expect(firstDifference(arrays[over]!.read(), slope)).toBe(-1);
        for (const array of [Y, T, S]) array.free();
      }
    }
  });

  const fusing = names.flatMap((name) =>
    variants(name)
      .filter((options) => makeLoss(name, options).fused !== undefined)
      .map((options) => ({ name, options })),
  );

  it.each(fusing)("$name after its activation is exact at logits of ±100, options $options", ({ name, options }) => {
    const random = seeded(7);
    const loss = makeLoss(name, options);
    const reference = references[name]!({ ...options, fromLogits: true });
    for (const width of WIDTHS) {
      for (const extent of [1, 10, 100]) {
        const z = Array.from({ length: 5 }, () =>
          f32(Array.from({ length: width }, () => (2 * random() - 1) * extent)),
        );
        z[4] = z[4]!.map((_, j) => (j % 2 === 0 ? extent : -extent));
        const t = z.map(() => f32(domains[name].target(random, width)));
        const scale = f32(z.map(() => random() + 0.1));
        const { value, slope } = runFused(engine, loss, z, t, scale);
        const label = `width ${width}, logits to ${extent}`;
        expectClose(
          value,
          z.map((row, r) => reference.loss(row, t[r]!)),
          { relative: 3e-6, absolute: 1e-6, label },
        );
        const slopes = z.flatMap((row, r) => reference.gradient(row, t[r]!).map((d) => d * scale[r]!));
        expectClose(slope, slopes, { relative: 2e-6, absolute: 5e-7, label: `${label}, gradient` });
      }
    }
  });

  it.each(fusing)("$name from logits and after its activation agree, options $options", ({ name, options }) => {
    const random = seeded(9);
    const z = Array.from({ length: 4 }, () => f32(Array.from({ length: 10 }, () => 200 * random() - 100)));
    const t = z.map(() => f32(domains[name].target(random, 10)));
    const scale = [1, 0.5, 2, 0];
    const fused = runFused(engine, makeLoss(name, options), z, t, scale);
    const logits = run(engine, makeLoss(name, { ...options, fromLogits: true }), z, t, scale);
    expectClose(fused.value, logits.value, { relative: 1e-6, absolute: 1e-6 });
    expectClose(fused.slope, logits.slope, { relative: 1e-6, absolute: 1e-6 });
  });

  it("crossentropies stay finite at probabilities 0 and 1, and clipped ones have no slope", () => {
    const wrong = 16.118095; // -log(1e-7)
    const binary = run(
      engine,
      makeLoss("binaryCrossentropy", {}),
      [[0], [1], [0], [1]],
      [[1], [0], [0], [1]],
      [1, 1, 1, 1],
    );
    expectClose(binary.value, [wrong, 15.942385, 1e-7, 1.1920929e-7], { relative: 1e-6, absolute: 2e-8 });
    expect([...binary.slope]).toEqual([0, 0, 0, 0]);

    const y = [
      [0, 1, 0],
      [0, 1, 0],
      [0, 0, 0],
    ];
    const sparse = run(engine, makeLoss("sparseCategoricalCrossentropy", {}), y, [[0], [1], [2]], [1, 1, 1]);
    expectClose(sparse.value, [wrong, 1.1920929e-7, wrong], { relative: 1e-6 });
    expect([...sparse.slope].every((slope) => slope === 0)).toBe(true);
    const oneHot = run(engine, makeLoss("categoricalCrossentropy", {}), y, [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [1, 1, 1]); // prettier-ignore
    expectClose(oneHot.value, sparse.value, {});
    expect([...oneHot.slope].every((slope) => slope === 0)).toBe(true);
  });

  it("a logit of -Infinity has probability 0: no loss unless it is the target", () => {
    const z = [[0, -Infinity, 0]];
    const loss = makeLoss("categoricalCrossentropy", { fromLogits: true });
    expectClose(run(engine, loss, z, [[1, 0, 0]], [1]).value, [Math.LN2], { relative: 1e-6 });
    expect(run(engine, loss, z, [[0, 1, 0]], [1]).value[0]).toBe(Infinity);
  });

  it("slopes at kinks: 0 for the absolute error, hinge at its corner, and the cosine of a zero row", () => {
    expect([...run(engine, makeLoss("meanAbsoluteError", {}), [[2, 3]], [[2, 3]], [1]).slope]).toEqual([0, 0]);
    expect([...run(engine, makeLoss("hinge", {}), [[1, -1]], [[1, 0]], [1]).slope.map(Math.abs)]).toEqual([0, 0]);
    const zero = run(engine, makeLoss("cosineSimilarity", {}), [[0, 0]], [[1, 2]], [1]);
    expect(Math.abs(zero.value[0]!)).toBe(0);
    expect([...zero.slope].map(Math.abs)).toEqual([0, 0]);
  });

  it("cosineSimilarity does not overflow where squares do in f32", () => {
    const { value, slope } = run(engine, makeLoss("cosineSimilarity", {}), [[3e30, 4e30]], [[4, 3]], [1]);
    expectClose(value, [-0.96], { relative: 2e-7 });
    expect([...slope].every(Number.isFinite)).toBe(true);
  });

  it("logCosh is exact for small errors and linear for huge ones", () => {
    const error = [1e-4, 1e-6, 0.5, 0.999, 1.001, 30, 1e30];
    const { value } = run(engine, makeLoss("logCosh", {}), error.map((e) => [Math.fround(e)]), error.map(() => [0]), error.map(() => 1)); // prettier-ignore
    const want = error.map((e) => references["logCosh"]!({}).loss([Math.fround(e)], [0]));
    expectClose(value, want, { relative: 1e-6 });
  });

  it("weightedSum adds exact products in float64", () => {
    const random = seeded(2);
    for (const n of [0, 1, 2, 5, 33]) {
      const loss = f32(Array.from({ length: n }, () => 100 * random()));
      const scale = f32(Array.from({ length: n }, () => random()));
      const L = Guarded.of(engine, loss, 1);
      const S = Guarded.of(engine, scale, 1);
      const want = loss.reduce((sum, value, i) => sum + value * scale[i]!, 0);
      expect(engine.kernels.weightedSum(n, L.address, S.address)).toBe(want);
      for (const array of [L, S]) array.free();
    }
  });
});
