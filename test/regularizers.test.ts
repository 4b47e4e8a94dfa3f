import { describe, expect, it } from "vitest";
import { regularizers, resolveRegularizer, type Regularizer, type RegularizerSpec } from "../src/regularizers.js";
import { eachBuild } from "./builds.js";
import { expectClose, firstDifference } from "./closeness.js";
import golden from "./golden/constraints.json" with { type: "json" };
import { Guarded, seeded, SIZES } from "./guarded.js";

const make = regularizers as Record<string, (options?: object) => Regularizer>;
const f = Math.fround;

eachBuild("regularizers", (engine) => {
  const { kernels: k } = engine;
  const random = seeded(6);

  it.each(SIZES)("penalties and gradients against float64, n = %i", (n) => {
    const w = Float32Array.from({ length: n }, (_, i) => (i % 5 === 2 ? 0 : 4 * random() - 2));
    const before = Float32Array.from({ length: n }, () => random());
    const W = Guarded.of(engine, w, n % 4);
    for (const [l1, l2] of [
      [0.25, 0],
      [0, 0.5],
      [0.25, 0.5],
      [0, 0],
    ] as const) {
      for (const scale of [1, 0.125]) {
        const regularizer = regularizers.l1l2({ l1, l2 });
        const D = Guarded.of(engine, before, 1);
        const sum = w.reduce((total, x) => total + l1 * Math.abs(x) + l2 * x * x, 0);
        const penalty = regularizer.penalty(k, n, W.address, scale);
        expect(Math.abs(penalty - scale * sum)).toBeLessThanOrEqual(1e-15 * n * scale * sum);
        regularizer.backward(k, n, W.address, D.address, scale);
        // Powers of two: the products are exact, so that only the sums round.
        const want = before.map((d, i) => f(f(d + scale * l1 * Math.sign(w[i]!)) + scale * 2 * l2 * w[i]!));
        expect(firstDifference(D.read(), want)).toBe(-1);
        D.free();
      }
    }
    W.free();
  });

  describe.each(Object.keys(make))("%s", (name) => {
    const regularizer = make[name]!(name === "l1l2" ? { l1: 0.25, l2: 0.5 } : {});

    it.each(SIZES)("adds the gradient of its penalty, by differences, n = %i", (n) => {
      // Away from kinks at 0; sums and differences of such numbers are exact.
      const w = Float32Array.from(
        { length: n },
        () => Math.round(1000 * (random() + 0.1)) / 1024 - 2 * Number(random() < 0.5),
      );
      for (const misalignment of [0, 3]) {
        const W = Guarded.of(engine, w, misalignment);
        const D = Guarded.of(engine, new Float32Array(n).fill(1), misalignment);
        regularizer.backward(k, n, W.address, D.address, 0.5);
        const gradient = D.read();
        const penalty = regularizer.penalty(k, n, W.address, 0.5);
        const places = n > 70 ? [0, 1, 2, 3, n - 3, n - 2, n - 1] : w.keys();
        const step = 2 ** -8;
        for (const i of places) {
          W.values[i] = w[i]! + step;
          const above = regularizer.penalty(k, n, W.address, 0.5);
          W.values[i] = w[i]! - step;
          const below = regularizer.penalty(k, n, W.address, 0.5);
          W.values[i] = w[i]!;
          expect(gradient[i]! - 1, `at ${i}`).toBeCloseTo((above - below) / (2 * step), 5);
        }
        expect(regularizer.penalty(k, n, W.address, 0.5)).toBe(penalty);
        for (const bad of n === 0 ? [] : [NaN, Infinity]) {
          W.values[n - 1] = bad;
          expect(regularizer.penalty(k, n, W.address)).toBe(bad);
        }
        W.free();
        D.free();
      }
    });
  });

  it("the gradient of l1 at 0 and -0 is 0", () => {
    const [W, D] = [Guarded.of(engine, [0, -0, 3, -3, 1e-45, -Infinity]), Guarded.of(engine, new Float32Array(6))];
    regularizers.l1({ l1: 2 }).backward(k, 6, W.address, D.address);
    expect([...D.read()]).toEqual([0, 0, 2, -2, 2, -2]);
    W.free();
    D.free();
  });

  it.each(golden.penalties)("as Keras: $name $options", ({ name, options, w, penalty, gradient }) => {
    const regularizer = make[name]!(options);
    const [W, D] = [Guarded.of(engine, w), Guarded.of(engine, new Float32Array(w.length))];
    expect(regularizer.penalty(k, w.length, W.address)).toBeCloseTo(penalty, 5);
    regularizer.backward(k, w.length, W.address, D.address);
    expectClose(D.read(), gradient, { relative: 2 ** -22, absolute: 1e-8 });
    W.free();
    D.free();
  });
});

it("every regularizer is in the goldens", () => {
  expect(new Set(golden.penalties.map(({ name }) => name))).toEqual(new Set(Object.keys(make)));
});

it("resolves names and factories, and names what it does not know", () => {
  expect(resolveRegularizer("dense", "kernelRegularizer", undefined)).toBeUndefined();
  expect(resolveRegularizer("dense", "kernelRegularizer", "l2")).toMatchObject({ name: "l2", options: { l2: 0.01 } });
  expect(resolveRegularizer("dense", "kernelRegularizer", "l1_l2")).toMatchObject({
    name: "l1l2",
    options: { l1: 0, l2: 0 },
  });
  expect(regularizers.l1(0.3).options).toEqual({ l1: 0.3 });
  const own = regularizers.l1({ l1: 0.2 });
  expect(resolveRegularizer("dense", "kernelRegularizer", own)).toBe(own);
  expect(() => resolveRegularizer("dense", "kernelRegularizer", "l3" as RegularizerSpec)).toThrow(
    'Unknown regularizer "l3". Known: l1, l1l2, l2.',
  );
  expect(() => resolveRegularizer("dense", "kernelRegularizer", 5 as unknown as RegularizerSpec)).toThrow(
    "dense: kernelRegularizer must be a name or made by regularizers. Received: kernelRegularizer=5.",
  );
  expect(() => regularizers.l2({ l2: -1 })).toThrow(
    "regularizers.l2: l2 must be a finite number in [0, Infinity). Received: l2=-1.",
  );
  expect(() => regularizers.l1({ l2: 1 } as object)).toThrow('regularizers.l1: unknown option "l2". Known: l1.');
});
