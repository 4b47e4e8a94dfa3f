import { describe, expect, it } from "vitest";
import { eachBuild } from "../../builds.js";
import { checkDense } from "./dense.js";
import { checkProduct, TRANSPOSES } from "./product.js";

const TRIPWIRE_SIGNED = 8;
const upTo = (n: number): number[] => Array.from({ length: n + 1 }, (_, i) => i);

eachBuild("the full cross of tile remainders", (engine, build) => {
  describe.each(TRANSPOSES)("sgemm %s", (transposes) => {
    it.each(upTo(13))("m = %i", (m) => {
      for (const n of upTo(17)) {
        for (const k of upTo(9)) {
          for (const alpha of [0, 1, 0.7]) {
            for (const beta of [0, 1, 1.3]) {
              const apart = (m + n + k) % 2;
              const misalignment = (m + 3 * n + k) % 4;
              checkProduct(engine, build, { transposes, m, n, k, alpha, beta, apart, misalignment });
            }
          }
        }
      }
    });

    it.each([127, 128, 129, 255, 256, 257])("blocks of %i", (size) => {
      for (const [m, n, k] of [
        [size, 17, 33],
        [17, size, 33],
        [17, 33, size],
        [size, size, 33],
      ] as const) {
        const signed = checkProduct(engine, build, { transposes, m, n, k, alpha: 0.7, beta: 1.3, apart: 3 });
        expect(signed).toBeLessThanOrEqual(TRIPWIRE_SIGNED);
        const positive = checkProduct(engine, build, { transposes, m, n, k, low: 0 });
        expect(positive).toBeLessThanOrEqual(2 * Math.sqrt(k));
      }
    });

    it.each([
      [95, 24, 511],
      [97, 511, 24],
      [191, 513, 9],
      [193, 9, 513],
      [9, 24, 1025],
      [9, 24, 4096],
    ])("beside the cache blocks: %i x %i x %i", (m, n, k) => {
      expect(checkProduct(engine, build, { transposes, m, n, k, low: 0 })).toBeLessThanOrEqual(2 * Math.sqrt(k));
    });
  });

  describe("dense", () => {
    it.each(upTo(17))("m = %i", (m) => {
      for (const n of upTo(33)) {
        for (const k of upTo(19)) {
          for (const apart of [0, 1])
            checkDense(engine, build, { m, n, k, apart, misalignment: (m + n + k) % 4, useBias: (n + k) % 2 === 0 });
        }
      }
    });

    it.each([
      [191, 40, 127],
      [193, 40, 129],
      [255, 31, 257],
      [256, 33, 255],
      [600, 18, 20],
      [12, 20, 1023],
      [12, 20, 2049],
      [12, 20, 4096],
    ])("beside the cache blocks: %i x %i x %i", (m, n, k) => {
      expect(checkDense(engine, build, { m, n, k, apart: 1 })).toBeLessThanOrEqual(TRIPWIRE_SIGNED);
      expect(checkDense(engine, build, { m, n, k, low: 0 })).toBeLessThanOrEqual(2 * Math.sqrt(Math.max(m, n, k)));
    });
  });
});
