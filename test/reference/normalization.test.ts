/** The float64 normalizations against central differences of themselves. */
import { describe, expect, it } from "vitest";
import { seeded } from "../guarded.js";
import { normalize, normalizeBackward, type Given } from "./normalization.js";

const STEP = 1e-6;

describe.each(["batch", "layer"] as const)("float64 %s normalization", (axis) => {
  it.each([
    [2, 3],
    [5, 4],
    [7, 1],
    [1, 6],
  ])("has the gradients of its differences, [%i, %i]", (rows, n) => {
    const random = seeded(rows * 10 + n);
    const draw = (length: number): number[] => Array.from({ length }, () => 4 * random() - 2);
    const given: Given = { rows, n, x: draw(rows * n), gamma: draw(n), beta: draw(n), epsilon: 1e-2 };
    const dy = draw(rows * n);
    const loss = (changed: Given): number => normalize(axis, changed).y.reduce((sum, y, i) => sum + y * dy[i]!, 0);
    const gradients = normalizeBackward(axis, given, normalize(axis, given), dy);
    for (const [key, gradient] of [
      ["x", gradients.dx],
      ["gamma", gradients.dgamma],
      ["beta", gradients.dbeta],
    ] as const) {
      const values = given[key] as number[];
      values.forEach((value, i) => {
        const at = (moved: number): number => loss({ ...given, [key]: values.with(i, moved) });
        const slope = (at(value + STEP) - at(value - STEP)) / (2 * STEP);
        expect(Math.abs(gradient[i]! - slope), `d/d${key}[${i}]`).toBeLessThan(1e-6 + 1e-5 * Math.abs(slope));
      });
    }
  });

  it("has the gradient of an affine map where the statistics are constants", () => {
    const random = seeded(1);
    const draw = (length: number): number[] => Array.from({ length }, () => 4 * random() - 2);
    const [rows, n] = [3, 4];
    const given: Given = { rows, n, x: draw(rows * n), gamma: draw(n), epsilon: 0 };
    const groups = axis === "batch" ? n : rows;
    const inverseStd = draw(groups);
    const dy = draw(rows * n);
    const { dx } = normalizeBackward(axis, given, { mean: draw(groups), inverseStd }, dy, true);
    dx.forEach((value, i) => {
      const group = axis === "batch" ? i % n : Math.floor(i / n);
      expect(value).toBeCloseTo(dy[i]! * given.gamma![i % n]! * inverseStd[group]!, 12);
    });
  });
});
