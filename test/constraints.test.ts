import { describe, expect, it } from "vitest";
import { constraints, resolveConstraint, type Constraint, type ConstraintSpec } from "../src/constraints.js";
import type { Engine } from "../src/runtime/engine.js";
import { eachBuild } from "./builds.js";
import { expectClose, firstDifference } from "./closeness.js";
import golden from "./golden/constraints.json" with { type: "json" };
import { Guarded, seeded, SIZES, SPECIALS } from "./guarded.js";

const make = constraints as Record<string, (options?: object) => Constraint>;

/** What the constraint makes of w, stored in either layout. */
function project(
  engine: Engine,
  constraint: Constraint,
  w: ArrayLike<number>,
  shape: number[],
  panels: boolean,
): Float32Array {
  const { kernels: k } = engine;
  const plain = Guarded.of(engine, w, 1);
  if (!panels) {
    constraint.apply(k, { address: plain.address, shape, layout: "plain" });
    const after = plain.read();
    plain.free();
    return after;
  }
  const n = shape.at(-1)!;
  const rows = w.length / n;
  const stored = new Guarded(engine, k.panelFloats(rows, n));
  k.packPanels(rows, n, plain.address, stored.address);
  constraint.apply(k, { address: stored.address, shape, layout: "panels" });
  const floats = stored.read();
  k.unpackPanels(rows, n, stored.address, plain.address);
  const after = plain.read();
  // Pads are zero still: repacking what is seen gives all that is stored.
  k.packPanels(rows, n, plain.address, stored.address);
  expect(firstDifference(stored.read(), floats)).toBe(-1);
  plain.free();
  stored.free();
  return after;
}

eachBuild("constraints", (engine) => {
  const random = seeded(12);

  it.each(golden.constraints)("as Keras: $name $options, $shape", ({ name, options, shape, w, after }) => {
    const constraint = make[name]!(options);
    const close = { relative: 8 * 2 ** -24, absolute: 1e-12 };
    expectClose(project(engine, constraint, w, shape, false), after, close);
    const axes = [(options as { axis?: number | number[] }).axis ?? 0].flat();
    if (shape.length === 2 || axes.length === shape.length - 1) {
      expectClose(project(engine, constraint, w, shape, true), after, close);
    }
  });

  it.each(SIZES)("norms over each axis against float64, %i columns", (n) => {
    for (const rows of [1, 3, 4, 9]) {
      const w = Float32Array.from({ length: rows * n }, () => 4 * random() - 2);
      for (const axis of [0, 1]) {
        const scale = (i: number, at: (line: number) => number): number => {
          let squares = 0;
          for (let j = 0; j < (axis === 0 ? rows : n); j++) squares += at(j) ** 2;
          const norm = Math.sqrt(squares);
          return Math.min(norm, 1.5) / (1e-7 + norm);
        };
        const want = w.map((value, i) => {
          const [row, column] = [Math.floor(i / n), i % n];
          return value * scale(i, (j) => (axis === 0 ? w[j * n + column]! : w[row * n + j]!));
        });
        const constraint = constraints.maxNorm({ maxValue: 1.5, axis });
        for (const panels of n === 0 ? [false] : [false, true]) {
          expectClose(project(engine, constraint, w, [rows, n], panels), want, { relative: (rows + n + 8) * 2 ** -24 });
        }
      }
    }
  });

  describe.each(Object.keys(make))("%s", (name) => {
    it.each(SIZES.filter((n) => n > 0))(
      "the same in both layouts, once or twice, NaN in its own vector, %i columns",
      (n) => {
        const constraint = make[name]!();
        for (const rows of [1, 4, 7]) {
          const w = Float32Array.from({ length: rows * n }, (_, i) => (i === 0 ? -2.5 : 6 * random() - 3));
          const once = project(engine, constraint, w, [rows, n], false);
          expect(firstDifference(once, w), "something changes").not.toBe(-1);
          const close = { relative: (rows + 8) * 2 ** -24, absolute: 1e-12 };
          expectClose(project(engine, constraint, w, [rows, n], true), once, close);
          // Norms come out 1e-7 too small, or 1e-7 / norm before: the second time is as the third.
          const twice = project(engine, constraint, once, [rows, n], false);
          expectClose(project(engine, constraint, twice, [rows, n], false), twice, { relative: 0, absolute: 1.8e-7 });
          for (const bad of [NaN, Infinity]) {
            const spoilt = w.slice();
            spoilt[n - 1] = bad;
            const after = project(engine, constraint, spoilt, [rows, n], true);
            const others = (each: Float32Array): Float32Array => each.filter((_, i) => i % n !== n - 1);
            expectClose(others(after), others(once), close);
          }
        }
      },
    );
  });

  it("nonNegative keeps NaN, and leaves -0 as it is", () => {
    const W = Guarded.of(engine, SPECIALS);
    constraints.nonNegative().apply(engine.kernels, { address: W.address, shape: [SPECIALS.length], layout: "plain" });
    const want = SPECIALS.map((w) => (w > 0 ? Math.fround(w) : Number.isNaN(w) || Object.is(w, -0) ? w : 0));
    expect(firstDifference(W.read(), want)).toBe(-1);
    W.free();
  });

  it("a NaN weight spoils its own vector only", () => {
    const w = new Float32Array(5 * 10).fill(1);
    w[13] = NaN;
    for (const panels of [false, true]) {
      const after = project(engine, constraints.maxNorm(1), w, [5, 10], panels);
      after.forEach((value, i) =>
        i % 10 === 3 ? expect(value).toBeNaN() : expect(value).toBeCloseTo(Math.sqrt(0.2), 6),
      );
    }
  });

  it("refuses axes that the weight does not have", () => {
    const target = { address: 0, shape: [2, 3, 4], layout: "plain" } as const;
    expect(() => constraints.maxNorm({ axis: 3 }).apply(engine.kernels, target)).toThrow(
      "constraints.maxNorm: axis must name consecutive axes of the shape [2, 3, 4]. Received: axis=[3].",
    );
    expect(() => constraints.unitNorm({ axis: [0, 2] }).apply(engine.kernels, target)).toThrow(RangeError);
    expect(() => constraints.unitNorm({ axis: [0, 0] }).apply(engine.kernels, target)).toThrow(RangeError);
  });
});

it("every constraint is in the goldens", () => {
  expect(new Set(golden.constraints.map(({ name }) => name))).toEqual(new Set(Object.keys(make)));
});

describe("options", () => {
  it("have Keras's defaults", () => {
    expect(constraints.maxNorm().options).toEqual({ maxValue: 2, axis: [0] });
    expect(constraints.unitNorm().options).toEqual({ axis: [0] });
    expect(constraints.minMaxNorm().options).toEqual({ minValue: 0, maxValue: 1, rate: 1, axis: [0] });
  });

  it("are validated once, at the factory", () => {
    expect(() => constraints.maxNorm(-1)).toThrow(
      "maxValue must be a finite number in [0, Infinity). Received: maxValue=-1.",
    );
    expect(() => constraints.minMaxNorm({ minValue: 2 })).toThrow("maxValue must be a finite number in [2, Infinity)");
    expect(() => constraints.minMaxNorm({ rate: 1.5 })).toThrow(
      "rate must be a finite number in [0, 1]. Received: rate=1.5.",
    );
    expect(() => constraints.maxNorm({ maxvalue: 1 } as object)).toThrow('Did you mean "maxValue"?');
    expect(() => constraints.maxNorm({ axis: 0.5 })).toThrow("axis must be an integer");
    expect(() => constraints.maxNorm({ axis: [] })).toThrow(TypeError);
  });

  it("resolve from names and factories", () => {
    expect(resolveConstraint("dense", "kernelConstraint", undefined)).toBeUndefined();
    expect(resolveConstraint("dense", "kernelConstraint", "maxNorm")?.options).toEqual({ maxValue: 2, axis: [0] });
    expect(() => resolveConstraint("dense", "kernelConstraint", "maxnorm" as ConstraintSpec)).toThrow(
      'Did you mean "maxNorm"?',
    );
    expect(() => resolveConstraint("dense", "kernelConstraint", {} as ConstraintSpec)).toThrow(TypeError);
  });
});
