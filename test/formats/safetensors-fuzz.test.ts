import { expect, test } from "vitest";
import { fuzz } from "./safetensors-fuzz.js";

test("100,000 files that are almost right give a result or a FormatError", () => {
  const { accepted, rejections, slowestMs } = fuzz(100_000, 1);
  expect(accepted).toBeGreaterThan(10_000);
  expect([...rejections.keys()].length).toBeGreaterThan(30);
  expect(slowestMs).toBeLessThan(1000);
});
