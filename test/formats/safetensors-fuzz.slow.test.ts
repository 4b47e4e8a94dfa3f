import { expect, test } from "vitest";
import { fuzz } from "./safetensors-fuzz.js";

test("ten million files that are almost right give a result or a FormatError", { timeout: 1_200_000 }, () => {
  for (let seed = 100; seed < 110; seed++) {
    const { accepted, slowestMs } = fuzz(1_000_000, seed);
    expect(accepted).toBeGreaterThan(100_000);
    expect(slowestMs).toBeLessThan(1000);
  }
});
