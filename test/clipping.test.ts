import { expect, it } from "vitest";
import { clipNormFactor, globalClipFactor } from "../src/clipping.js";

it("clips one norm without an epsilon", () => {
  expect([0, 1, 2, 4, Infinity, NaN].map((norm) => clipNormFactor(norm, 2))).toEqual([1, 1, 1, 0.5, 0, NaN]);
});

it("clips the global norm as Keras and as PyTorch", () => {
  const factors = (compat: "keras" | "torch"): number[] =>
    [0, 1, 4, Infinity, NaN].map((norm) => globalClipFactor(norm, 2, compat));
  expect(factors("keras")).toEqual([1, 1, 0.5, NaN, NaN]);
  expect(factors("torch")).toEqual([1, 1, 2 / (4 + 1e-6), 0, NaN]);
});
