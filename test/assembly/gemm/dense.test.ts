import { describe, expect, it } from "vitest";
import { eachBuild } from "../../builds.js";
import { firstDifference } from "../../closeness.js";
import { Guarded, seeded } from "../../guarded.js";
import { checkDense, draw } from "./dense.js";
import { Matrix, panelsOf } from "./matrix.js";

/** Errors of a chain over U[-1,1] and over U[0,1], in units of u * G: measured 2.4 and 0.7 sqrt(k). */
const TRIPWIRE_SIGNED = 8;
const tripwirePositive = (terms: number): number => 2 * Math.sqrt(terms);

const upTo = (n: number): number[] => Array.from({ length: n + 1 }, (_, i) => i);

eachBuild("dense products", (engine, build) => {
  const { kernels } = engine;

  // From 16 samples on the input gradient has tiles of its own.
  it.each([...upTo(13), 16, 17])("every remainder of the tiles, m = %i", (m) => {
    let worst = 0;
    for (const n of upTo(17)) {
      for (const k of [0, 1, 2, 3, 4, 5, 8, 9, 13]) {
        const apart = (m + n + k) % 3;
        worst = Math.max(
          worst,
          checkDense(engine, build, { m, n, k, apart, misalignment: (m + n) % 4, useBias: k % 2 === 1 }),
        );
      }
    }
    expect(worst).toBeLessThanOrEqual(TRIPWIRE_SIGNED);
  });

  it.each([
    [1, 47, 100],
    [2, 33, 65],
    [3, 41, 129],
    [7, 300, 19],
    [32, 10, 100],
    [128, 1, 257],
    [193, 13, 7],
    [5, 12, 1025],
    [257, 20, 30],
    [513, 3, 5],
    [32, 70, 256],
    [33, 519, 9],
    [16, 7, 40],
    [17, 14, 37],
    [19, 11, 65],
    [18, 513, 35],
    [4, 9, 513],
  ])("sizes beside the cache blocks: %i x %i x %i", (m, n, k) => {
    expect(checkDense(engine, build, { m, n, k, useBias: true, apart: 1 })).toBeLessThanOrEqual(TRIPWIRE_SIGNED);
    expect(checkDense(engine, build, { m, n, k, low: 0 })).toBeLessThanOrEqual(tripwirePositive(Math.max(m, n, k)));
  });

  describe("a part of the work gives the bits of the whole", () => {
    it.each([
      [37, 45, 50],
      [37, 43, 29],
      [9, 12, 31],
      [33, 67, 128],
      [34, 521, 10],
    ])("%i x %i x %i", (m, n, k) => {
      const random = seeded(7);
      const X = Matrix.of(engine, m, k, draw(random, m * k));
      const DY = Matrix.of(engine, m, n, draw(random, m * n));
      const W = panelsOf(engine, k, n, draw(random, k * n));
      const B = Guarded.of(engine, draw(random, n));
      const scratch = new Guarded(engine, kernels.denseBackwardInputScratch(m, n, k));
      const whole = { y: new Matrix(engine, m, n), dx: new Matrix(engine, m, k), db: new Guarded(engine, n) };
      const parts = { y: new Matrix(engine, m, n), dx: new Matrix(engine, m, k), db: new Guarded(engine, n) };
      const dw = new Guarded(engine, kernels.panelFloats(k, n));
      const dwParts = new Guarded(engine, kernels.panelFloats(k, n));
      kernels.denseForward(m, n, k, X.address, k, W.address, B.address, whole.y.address, n);
      kernels.denseBackwardWeights(m, n, k, X.address, k, DY.address, n, dw.address);
      kernels.denseBackwardInput(m, n, k, 0, k, DY.address, n, W.address, whole.dx.address, k, scratch.address);
      kernels.biasBackward(m, n, DY.address, n, whole.db.address);

      for (const rows of [1, 2, 3, 5, 8, 11, 36]) {
        for (let i = 0; i < m; i += rows) {
          const count = Math.min(rows, m - i);
          kernels.denseForward(count, n, k, X.at(i, 0), k, W.address, B.address, parts.y.at(i, 0), n);
        }
        expect(firstDifference(parts.y.read(), whole.y.read())).toBe(-1);
      }
      for (const columns of [1, 3, 8, 16, 31, 40]) {
        const { address } = parts.dx;
        for (let j = 0; j < k; j += columns) {
          const count = Math.min(columns, k - j);
          kernels.denseBackwardInput(m, n, k, j, count, DY.address, n, W.address, address, k, scratch.address);
        }
        expect(firstDifference(parts.dx.read(), whole.dx.read())).toBe(-1);
        for (let i = 0; i < m; i++) parts.dx.row(i).fill(NaN);
      }
      for (const columns of [8, 16, 24, 40]) {
        for (let j = 0; j < n; j += columns) {
          const count = Math.min(columns, n - j);
          const panel = 4 * kernels.panelOffset(k, n, j);
          kernels.denseForward(m, count, k, X.address, k, W.address + panel, B.address + 4 * j, parts.y.at(0, j), n);
          kernels.denseBackwardWeights(m, count, k, X.address, k, DY.at(0, j), n, dwParts.address + panel);
        }
        expect(firstDifference(parts.y.read(), whole.y.read())).toBe(-1);
        expect(firstDifference(dwParts.read(), dw.read())).toBe(-1);
      }
      for (const columns of [1, 3, 4, 16, 17]) {
        for (let j = 0; j < n; j += columns)
          kernels.biasBackward(m, Math.min(columns, n - j), DY.at(0, j), n, parts.db.address + 4 * j);
        expect(firstDifference(parts.db.read(), whole.db.read())).toBe(-1);
      }
      for (const array of [X, DY, W, B, scratch, dw, dwParts, ...Object.values(whole), ...Object.values(parts)])
        array.free();
    });
  });

  it("Infinity and NaN stay in their row and column, in every position", () => {
    const [m, k] = [7, 11];
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 11, 14]) {
      for (const special of [Infinity, NaN]) {
        const ones = (length: number): Float32Array => new Float32Array(length).fill(1);
        for (let at = 0; at < m * n; at += 3) {
          const dy = ones(m * n);
          dy[at] = special;
          const [row, column] = [Math.floor(at / n), at % n];
          const DY = Matrix.of(engine, m, n, dy, { apart: at % 2 });
          const X = Matrix.of(engine, m, k, ones(m * k), { apart: 1 });
          const W = panelsOf(engine, k, n, ones(k * n));
          const DX = new Matrix(engine, m, k);
          const DW = new Guarded(engine, kernels.panelFloats(k, n));
          const scratch = new Guarded(engine, kernels.denseBackwardInputScratch(m, n, k));
          kernels.denseBackwardInput(m, n, k, 0, k, DY.address, DY.ld, W.address, DX.address, k, scratch.address);
          kernels.denseBackwardWeights(m, n, k, X.address, X.ld, DY.address, DY.ld, DW.address);
          expect(DX.read()).toEqual(
            Float32Array.from({ length: m * k }, (_, i) => (Math.floor(i / k) === row ? special : n)),
          );
          const want = panelsOf(
            engine,
            k,
            n,
            Float32Array.from({ length: k * n }, (_, i) => (i % n === column ? special : m)),
          );
          expect(DW.read()).toEqual(want.read());
          for (const array of [DY, X, W, DX, DW, scratch, want]) array.free();
        }
        for (let at = 0; at < m * k; at += 5) {
          const x = ones(m * k);
          x[at] = special;
          const row = Math.floor(at / k);
          const X = Matrix.of(engine, m, k, x, { apart: 1 });
          const W = panelsOf(engine, k, n, ones(k * n));
          const Y = new Matrix(engine, m, n, { apart: 3 });
          kernels.denseForward(m, n, k, X.address, X.ld, W.address, 0, Y.address, Y.ld);
          expect(Y.read()).toEqual(
            Float32Array.from({ length: m * n }, (_, i) => (Math.floor(i / n) === row ? special : k)),
          );
          for (const array of [X, W, Y]) array.free();
        }
      }
    }
  });

  it("multiplies zero by Infinity, and keeps subnormals", () => {
    for (const n of [1, 4, 8]) {
      const [m, k] = [5, 9];
      const X = Matrix.of(engine, m, k, new Float32Array(m * k));
      const W = panelsOf(engine, k, n, new Float32Array(k * n).fill(Infinity));
      const DY = Matrix.of(engine, m, n, new Float32Array(m * n));
      const tiny = Matrix.of(engine, m, k, new Float32Array(m * k).fill(2 ** -75));
      const small = panelsOf(engine, k, n, new Float32Array(k * n).fill(2 ** -74));
      const Y = new Matrix(engine, m, n);
      const DX = new Matrix(engine, m, k);
      const scratch = new Guarded(engine, kernels.denseBackwardInputScratch(m, n, k));
      kernels.denseForward(m, n, k, X.address, k, W.address, 0, Y.address, n);
      kernels.denseBackwardInput(m, n, k, 0, k, DY.address, n, W.address, DX.address, k, scratch.address);
      expect(Y.read()).toEqual(new Float32Array(m * n).fill(NaN));
      expect(DX.read()).toEqual(new Float32Array(m * k).fill(NaN));
      kernels.denseForward(m, n, k, tiny.address, k, small.address, 0, Y.address, n);
      expect(Y.read()).toEqual(new Float32Array(m * n).fill(k * 2 ** -149));
      for (const array of [X, W, DY, tiny, small, Y, DX, scratch]) array.free();
    }
  });
});
