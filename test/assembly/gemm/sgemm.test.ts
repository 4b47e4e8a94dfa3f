import { describe, expect, it } from "vitest";
import { eachBuild } from "../../builds.js";
import { Guarded } from "../../guarded.js";
import { Matrix } from "./matrix.js";
import { checkProduct, TRANSPOSES } from "./product.js";

const TRIPWIRE_SIGNED = 8;
const upTo = (n: number): number[] => Array.from({ length: n + 1 }, (_, i) => i);

eachBuild("sgemm", (engine, build) => {
  const { kernels } = engine;

  describe.each(TRANSPOSES)("%s", (transposes) => {
    it("every remainder of the tiles", () => {
      let worst = 0;
      for (const m of upTo(13)) {
        for (const n of upTo(17)) {
          const k = [0, 1, 2, 3, 5, 8][(m * 5 + n) % 6]!;
          const [alpha, beta] = [[1, 0], [0.7, 1], [1, 1.3], [0, 1.3]][(m + n) % 4] as [number, number];
          const product = { transposes, m, n, k, alpha, beta, apart: (m + k) % 3, misalignment: (n + k) % 4 };
          worst = Math.max(worst, checkProduct(engine, build, product));
        }
      }
      expect(worst).toBeLessThanOrEqual(TRIPWIRE_SIGNED);
    });

    it.each([
      [97, 9, 5],
      [3, 513, 4],
      [4, 5, 255],
      [5, 4, 256],
      [7, 12, 257],
      [2, 3, 600],
    ])("sizes beside the cache blocks: %i x %i x %i", (m, n, k) => {
      for (const [alpha, beta] of [
        [1, 0],
        [0.7, 1.3],
      ] as const)
        expect(checkProduct(engine, build, { transposes, m, n, k, alpha, beta })).toBeLessThanOrEqual(TRIPWIRE_SIGNED);
      expect(checkProduct(engine, build, { transposes, m, n, k, low: 0 })).toBeLessThanOrEqual(2 * Math.sqrt(k));
    });

    it("skips no zero: 0 * Infinity and 0 * NaN are NaN, in every position, and stay in their row and column", () => {
      const [m, n, k] = [7, 9, 5];
      for (const alpha of [0, 1]) {
        for (const special of [Infinity, NaN]) {
          for (let at = 0; at < k * n; at++) {
            const b = new Float32Array(k * n).fill(1);
            b[at] = special;
            const column = transposes[1] === "T" ? Math.floor(at / k) : at % n;
            const A = Matrix.of(engine, m, k, new Float32Array(m * k)); // zeros, whichever way it lies
            const B = transposes[1] === "T" ? Matrix.of(engine, n, k, b) : Matrix.of(engine, k, n, b);
            const C = new Matrix(engine, m, n);
            const scratch = new Guarded(engine, kernels.sgemmScratch(m, n, k));
            const lda = transposes[0] === "T" ? m : k;
            kernels[`sgemm${transposes}`](
              m,
              n,
              k,
              alpha,
              A.address,
              lda,
              B.address,
              B.ld,
              0,
              C.address,
              n,
              scratch.address,
            );
            expect(C.read()).toEqual(Float32Array.from({ length: m * n }, (_, i) => (i % n === column ? NaN : 0)));
            for (const array of [A, B, C, scratch]) array.free();
          }
        }
      }
    });
  });

  it("k = 0 scales C, and beta = 0 clears it unread", () => {
    const C = Matrix.of(engine, 3, 5, new Float32Array(15).fill(2), { apart: 2 });
    kernels.sgemmNN(3, 5, 0, 1, C.address, 1, C.address, 5, 0.25, C.address, C.ld, 0);
    expect(C.read()).toEqual(new Float32Array(15).fill(0.5));
    const N = new Matrix(engine, 3, 5);
    kernels.sgemmTT(3, 5, 0, 1, C.address, 3, C.address, 1, 0, N.address, N.ld, 0);
    expect(N.read()).toEqual(new Float32Array(15));
    for (const array of [C, N]) array.free();
  });
});
