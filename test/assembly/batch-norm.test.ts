import { describe, expect, it } from "vitest";
import golden from "../golden/normalization.json" with { type: "json" };
import { eachBuild } from "../builds.js";
import { expectClose, firstDifference } from "../closeness.js";
import { Guarded, seeded, SIZES } from "../guarded.js";
import { normalize, normalizeBackward } from "../reference/normalization.js";

/** Unit roundoff of f32. */
const U = 2 ** -24;
/** Roundings of one value beyond those of the sum over the rows. */
const EXTRA = 10;

eachBuild("batch normalization", (engine) => {
  const { kernels: k } = engine;
  const random = seeded(8);
  const draw = (length: number, mean = 0, spread = 2): Float32Array =>
    Float32Array.from({ length }, () => mean + spread * (2 * random() - 1));

  /** A [rows, n] matrix with ld floats a row, whose gaps hold NaN. */
  function matrix(values: Float32Array, rows: number, n: number, ld: number, misalignment: number): Guarded {
    const stored = new Float32Array(Math.max(0, (rows - 1) * ld + n)).fill(NaN);
    for (let i = 0; i < rows; i++) stored.set(values.subarray(i * n, (i + 1) * n), i * ld);
    return Guarded.of(engine, stored, misalignment);
  }
  function contents(array: Guarded, rows: number, n: number, ld: number): Float32Array {
    const stored = array.read();
    const values = new Float32Array(rows * n);
    for (let i = 0; i < rows; i++) {
      values.set(stored.subarray(i * ld, i * ld + n), i * n);
      if (i < rows - 1) expect(stored.subarray(i * ld + n, (i + 1) * ld).every(Number.isNaN)).toBe(true);
    }
    return values;
  }

  it.each(SIZES.filter((n) => n < 1000))("training forward and backward against float64, n = %i", (n) => {
    for (const rows of [1, 2, 3, 32]) {
      const ld = n + (rows % 2 ? 0 : 3);
      const misalignment = rows % 4;
      const epsilon = 1e-3;
      const [x, dy, gamma, beta] = [draw(rows * n, 1), draw(rows * n), draw(n), draw(n)];
      const X = matrix(x, rows, n, ld, misalignment);
      const DY = matrix(dy, rows, n, ld, misalignment);
      const Y = matrix(new Float32Array(rows * n), rows, n, ld, misalignment);
      const DX = matrix(new Float32Array(rows * n), rows, n, ld, misalignment);
      const G = Guarded.of(engine, gamma, misalignment);
      const B = Guarded.of(engine, beta, misalignment);
      const vectors = Array.from({ length: 5 }, () => new Guarded(engine, n, misalignment));
      const [M, V, I, DG, DB] = vectors as [Guarded, Guarded, Guarded, Guarded, Guarded];

      k.batchNormStatistics(rows, n, X.address, ld, M.address, V.address);
      k.inverseStandardDeviation(n, V.address, I.address, epsilon);
      k.batchNormForward(rows, n, X.address, ld, M.address, I.address, G.address, B.address, Y.address);
      k.batchNormBackward(
        ...([rows, n, X.address, ld, DY.address, M.address, I.address] as const),
        ...([G.address, DX.address, DG.address, DB.address] as const),
      );
      const want = normalize("batch", { rows, n, x, gamma, beta, epsilon: Math.fround(epsilon) });
      const bound = (rows + EXTRA) * U;
      expectClose(M.read(), want.mean, { absolute: 4 * U * 3, label: "mean" });
      expectClose(V.read(), want.variance, { relative: bound, absolute: 1e-12, label: "variance" });
      // From here on against the statistics as they were rounded.
      const statistics = { mean: M.read(), inverseStd: I.read() };
      let worst = 0; // error over its bound
      const check = (got: number, exact: number, limit: number): void => {
        const error = Math.abs(got - exact);
        worst = Math.max(worst, error === 0 ? 0 : error / limit);
      };
      const y = contents(Y, rows, n, ld);
      for (let i = 0; i < rows * n; i++) {
        const j = i % n;
        const scaled = (x[i]! - statistics.mean[j]!) * statistics.inverseStd[j]! * gamma[j]!;
        check(y[i]!, scaled + beta[j]!, 4 * U * (Math.abs(scaled) + Math.abs(beta[j]!)));
      }
      const gradients = normalizeBackward("batch", { rows, n, x, gamma, epsilon }, statistics, dy);
      const sizeOf = (f: (i: number) => number, j: number): number => {
        let sum = 0;
        for (let i = j; i < rows * n; i += n) sum += Math.abs(f(i));
        return sum;
      };
      const xhat = (i: number): number => (x[i]! - statistics.mean[i % n]!) * statistics.inverseStd[i % n]!;
      const dx = contents(DX, rows, n, ld);
      const [dgamma, dbeta] = [DG.read(), DB.read()];
      for (let j = 0; j < n; j++) {
        const sums = sizeOf((i) => dy[i]!, j);
        const dots = sizeOf((i) => dy[i]! * xhat(i), j);
        check(dbeta[j]!, gradients.dbeta[j]!, bound * sums);
        check(dgamma[j]!, gradients.dgamma[j]!, bound * dots);
        const scale = Math.abs(gamma[j]! * statistics.inverseStd[j]!);
        for (let i = j; i < rows * n; i += n) {
          const magnitude = Math.abs(dy[i]!) + (sums + Math.abs(xhat(i)) * dots) / rows;
          check(dx[i]!, gradients.dx[i]!, bound * scale * magnitude);
        }
      }
      expect(worst).toBeLessThanOrEqual(1);
      for (const array of [X, DY, Y, DX, G, B, ...vectors]) array.free();
    }
  });

  it("a column does not depend on which others are in the call, to the bit", () => {
    const [rows, n] = [13, 45];
    const x = Guarded.of(engine, draw(rows * n));
    const dy = Guarded.of(engine, draw(rows * n));
    const gamma = Guarded.of(engine, draw(n));
    const run = (bounds: number[]): Float32Array[] => {
      const matrices = [new Guarded(engine, rows * n), new Guarded(engine, rows * n)];
      const vectors = Array.from({ length: 5 }, () => new Guarded(engine, n));
      const [Y, DX] = matrices as [Guarded, Guarded];
      const [M, V, I, DG, DB] = vectors as [Guarded, Guarded, Guarded, Guarded, Guarded];
      for (let part = 1; part < bounds.length; part++) {
        const from = bounds[part - 1]!;
        const width = bounds[part]! - from;
        const at = (array: Guarded): number => array.address + from * 4;
        k.batchNormStatistics(rows, width, at(x), n, at(M), at(V));
        k.inverseStandardDeviation(width, at(V), at(I), 1e-3);
        k.batchNormForward(rows, width, at(x), n, at(M), at(I), at(gamma), 0, at(Y));
        k.batchNormBackward(rows, width, at(x), n, at(dy), at(M), at(I), at(gamma), at(DX), at(DG), at(DB));
      }
      const results = [...matrices, ...vectors].map((array) => array.read());
      for (const array of [...matrices, ...vectors]) array.free();
      return results;
    };
    const whole = run([0, n]);
    for (const bounds of [
      [0, 1, n],
      [0, 7, 23, 24, n],
      [0, 16, 32, n],
    ]) {
      run(bounds).forEach((result, i) => expect(firstDifference(result, whole[i]!)).toBe(-1));
    }
    for (const array of [x, dy, gamma]) array.free();
  });

  it("works in place, without gamma and beta, and computes what is wanted only", () => {
    const [rows, n] = [6, 21];
    const [x, dy] = [draw(rows * n), draw(rows * n)];
    const [M, V, I] = [new Guarded(engine, n), new Guarded(engine, n), new Guarded(engine, n)];
    const [X, DY, Y, DX] = [x, dy, x, dy].map((values) => Guarded.of(engine, values)) as [Guarded, Guarded, Guarded, Guarded];
    k.batchNormStatistics(rows, n, X.address, n, M.address, V.address);
    I.values.set(V.values);
    k.inverseStandardDeviation(n, I.address, I.address, 1e-3);
    const want = normalize("batch", { rows, n, x, epsilon: 1e-3 });
    k.batchNormForward(rows, n, Y.address, n, M.address, I.address, 0, 0, Y.address);
    expectClose(Y.read(), want.y, { absolute: 2e-6 });
    k.batchNormBackward(rows, n, X.address, n, DX.address, M.address, I.address, 0, DX.address, 0, 0);
    const gradients = normalizeBackward("batch", { rows, n, x, epsilon: 1e-3 }, want, dy);
    expectClose(DX.read(), gradients.dx, { absolute: 4e-6 });
    const DB = new Guarded(engine, n);
    k.batchNormBackward(rows, n, X.address, n, DY.address, M.address, I.address, 0, 0, 0, DB.address);
    expectClose(DB.read(), gradients.dbeta, { absolute: 4e-6 });
    for (const array of [M, V, I, X, DY, Y, DX, DB]) array.free();
  });

  it("inference: the statistics are constants", () => {
    const [rows, n] = [5, 22];
    const [x, dy, gamma] = [draw(rows * n), draw(rows * n), draw(n)];
    const statistics = { mean: draw(n), inverseStd: draw(n, 1, 0.5) };
    const arrays = [x, dy, gamma, statistics.mean, statistics.inverseStd].map((values) => Guarded.of(engine, values));
    const [X, DY, G, M, I] = arrays as [Guarded, Guarded, Guarded, Guarded, Guarded];
    const results = [new Guarded(engine, rows * n), new Guarded(engine, n), new Guarded(engine, n)];
    const [DX, DG, DB] = results as [Guarded, Guarded, Guarded];
    k.batchNormInferenceBackward(
      ...([rows, n, X.address, n, DY.address, M.address, I.address] as const),
      ...([G.address, DX.address, DG.address, DB.address] as const),
    );
    const want = normalizeBackward("batch", { rows, n, x, gamma, epsilon: 0 }, statistics, dy, true);
    expectClose(DX.read(), want.dx, { relative: 3 * U });
    expectClose(DG.read(), want.dgamma, { absolute: 4e-6 });
    expectClose(DB.read(), want.dbeta, { absolute: 2e-6 });
    // x is not read where no parameter gradient is wanted.
    const before = DX.read();
    k.batchNormInferenceBackward(rows, n, 0, n, DY.address, M.address, I.address, G.address, DX.address, 0, 0);
    expect(firstDifference(DX.read(), before)).toBe(-1);
    for (const array of [...arrays, ...results]) array.free();
  });

  it.each([32, 1000, 25_088])("variance at mean 1e4, deviation 1, %i rows, is right to 1e-4", (rows) => {
    const x = draw(rows * 4, 1e4, Math.sqrt(3));
    const X = Guarded.of(engine, x);
    const [M, V] = [new Guarded(engine, 4), new Guarded(engine, 4)];
    k.batchNormStatistics(rows, 4, X.address, 4, M.address, V.address);
    const want = normalize("batch", { rows, n: 4, x, epsilon: 0 });
    expectClose(M.read(), want.mean, { relative: 2 * U });
    expectClose(V.read(), want.variance, { relative: 1e-4 });
    for (const array of [X, M, V]) array.free();
  });

  it("one row gives beta exactly, and a NaN or infinity stays in its column", () => {
    const n = 19;
    const x = draw(3 * n, 5);
    const beta = Guarded.of(engine, draw(n));
    const gamma = Guarded.of(engine, draw(n));
    const arrays = [new Guarded(engine, n), new Guarded(engine, n), new Guarded(engine, n), new Guarded(engine, 3 * n)];
    const [M, V, I, Y] = arrays as [Guarded, Guarded, Guarded, Guarded];
    const run = (rows: number, values: Float32Array): Float32Array => {
      const X = Guarded.of(engine, values.subarray(0, rows * n));
      k.batchNormStatistics(rows, n, X.address, n, M.address, V.address);
      k.inverseStandardDeviation(n, V.address, I.address, 1e-3);
      k.batchNormForward(rows, n, X.address, n, M.address, I.address, gamma.address, beta.address, Y.address);
      X.free();
      return Y.read().subarray(0, rows * n);
    };
    expect(firstDifference(run(1, x), beta.read())).toBe(-1);
    const clean = run(3, x).slice();
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (const column of [0, 15, 16, 18]) {
        const got = run(3, x.with(n + column, bad));
        got.forEach((value, i) => {
          if (i % n === column) expect(value).toBeNaN();
          else expect(value).toBe(clean[i]);
        });
      }
    }
    for (const array of [beta, gamma, ...arrays]) array.free();
  });

  it("moving statistics: Keras's momentum and PyTorch's, biased and unbiased", () => {
    // x = [1, 2, 3, 6]: mean 3, biased variance 3.5, unbiased 4.6667.
    const X = Guarded.of(engine, [1, 2, 3, 6]);
    const [M, V, moving] = [new Guarded(engine, 1), new Guarded(engine, 1), new Guarded(engine, 1)];
    k.batchNormStatistics(4, 1, X.address, 1, M.address, V.address);
    expect([...M.values, ...V.values]).toEqual([3, 3.5]);
    const updated = (from: number, batch: Guarded, momentum: number, correction: number): number => {
      moving.values[0] = from;
      k.movingUpdate(1, moving.address, batch.address, momentum, correction);
      return moving.read()[0]!;
    };
    expect(updated(0, M, 0.99, 1)).toBe(Math.fround(Math.fround(0.01) * 3)); // 1 - 0.99 keeps its digits
    expect(updated(1, V, 0.9, 4 / 3)).toBeCloseTo(1.366_666_7, 6); // not 1.25
    expect(updated(1, V, 0.9, 1)).toBeCloseTo(1.25, 6);
    for (const array of [X, M, V, moving]) array.free();
  });
});

describe.each(golden.batch)("batch normalization of $from, [$rows, $n]", (want) => {
  eachBuild("golden", (engine) => {
    it("gives the same output, gradients and moving statistics", () => {
      const { kernels: k } = engine;
      const { rows, n } = want;
      const inputs = [want.x, want.dy, want.gamma, want.beta].map((values) => Guarded.of(engine, values));
      const [X, DY, G, B] = inputs as [Guarded, Guarded, Guarded, Guarded];
      const matrices = [new Guarded(engine, rows * n), new Guarded(engine, rows * n)];
      const [Y, DX] = matrices as [Guarded, Guarded];
      const vectors = Array.from({ length: 7 }, () => new Guarded(engine, n));
      const [M, V, I, DG, DB, MM, MV] = vectors as [Guarded, Guarded, Guarded, Guarded, Guarded, Guarded, Guarded];
      MM.values.fill(0);
      MV.values.fill(1);
      const torch = want.from === "torch";
      const momentum = torch ? 1 - want.momentum : want.momentum;
      k.batchNormStatistics(rows, n, X.address, n, M.address, V.address);
      k.inverseStandardDeviation(n, V.address, I.address, want.epsilon);
      k.batchNormForward(rows, n, X.address, n, M.address, I.address, G.address, B.address, Y.address);
      k.movingUpdate(n, MM.address, M.address, momentum, 1);
      k.movingUpdate(n, MV.address, V.address, momentum, torch ? rows / (rows - 1) : 1);
      k.batchNormBackward(
        ...([rows, n, X.address, n, DY.address, M.address, I.address] as const),
        ...([G.address, DX.address, DG.address, DB.address] as const),
      );
      const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));
      // Error of xhat: its own roundings, and that of the mean, which a small deviation magnifies.
      const off = 4 * U * (1 + largest(want.x) * largest(I.values));
      const step = off * largest(want.dy);
      expectClose(Y.read(), want.y, { absolute: off * (1 + largest(want.gamma)), label: "y" });
      expectClose(DG.read(), want.dgamma, { absolute: step * rows, label: "dgamma" });
      expectClose(DB.read(), want.dbeta, { absolute: U * rows * largest(want.dy), label: "dbeta" });
      expectClose(DX.read(), want.dx, { absolute: 4 * step * largest(I.values) * largest(want.gamma), label: "dx" });
      expectClose(MM.read(), want.movingMean, { relative: 4 * U, label: "moving mean" });
      expectClose(MV.read(), want.movingVariance, { relative: 4 * U, label: "moving variance" });
      for (const array of [...inputs, ...matrices, ...vectors]) array.free();
    });
  });
});
