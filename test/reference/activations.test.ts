import { describe, expect, it } from "vitest";
import { seeded } from "../guarded.js";
import { elementwiseReferences, rowReferences } from "./activations.js";

const STEP = 1e-6;
const ABSOLUTE = 1e-5;
const RELATIVE = 1e-3;

describe("float64 activations against central differences", () => {
  const random = seeded(11);

  it.each(Object.entries(elementwiseReferences))("%s", (_, { forward, derivative, kinks = [] }) => {
    for (const alpha of [1, 0.3]) {
      for (let i = 0; i < 64; i++) {
        const x = (random() - 0.5) * 12;
        if (kinks.some((kink) => Math.abs(x - kink) < 10 * STEP)) continue;
        const slope = (forward(x + STEP, alpha) - forward(x - STEP, alpha)) / (2 * STEP);
        expect(Math.abs(derivative(x, alpha) - slope)).toBeLessThanOrEqual(ABSOLUTE + RELATIVE * Math.abs(slope));
      }
    }
  });

  it.each(Object.entries(rowReferences))("%s", (_, { forward, backward }) => {
    for (const width of [1, 2, 5, 12]) {
      const x = Array.from({ length: width }, () => (random() - 0.5) * 6);
      const dy = Array.from({ length: width }, () => random() - 0.5);
      const loss = (at: number, shift: number): number =>
        forward(x.map((value, i) => (i === at ? value + shift : value))).reduce((sum, y, i) => sum + y * dy[i]!, 0);
      const dx = backward(x, dy);
      for (let i = 0; i < width; i++) {
        const slope = (loss(i, STEP) - loss(i, -STEP)) / (2 * STEP);
        expect(Math.abs(dx[i]! - slope)).toBeLessThanOrEqual(ABSOLUTE + RELATIVE * Math.abs(slope));
      }
    }
  });
});
