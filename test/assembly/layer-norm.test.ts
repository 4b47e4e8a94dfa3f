import { describe, expect, it } from "vitest";
import golden from "../golden/normalization.json" with { type: "json" };
import { eachBuild } from "../builds.js";
import { expectClose, firstDifference } from "../closeness.js";
import { Guarded, seeded, SIZES } from "../guarded.js";
import { normalize, normalizeBackward } from "../reference/normalization.js";

/** Unit roundoff of f32. */
const U = 2 ** -24;

eachBuild("layer normalization", (engine) => {
  const { kernels: k } = engine;
  const random = seeded(9);
  const draw = (length: number, mean = 0, spread = 2): Float32Array =>
    Float32Array.from({ length }, () => mean + spread * (2 * random() - 1));

  it.each(SIZES.filter((n) => n > 0))("forward and backward against float64, n = %i", (n) => {
    const epsilon = f32(1e-3);
    for (const rows of [1, 3, 8]) {
      for (const learned of [true, false]) {
        const misalignment = rows % 4;
        const [x, dy, gamma, beta] = [draw(rows * n, 1), draw(rows * n), draw(n), draw(n)];
        const inputs = [x, dy, gamma, beta].map((values) => Guarded.of(engine, values, misalignment));
        const [X, DY, G, B] = inputs as [Guarded, Guarded, Guarded, Guarded];
        const outputs = [rows * n, rows * n, rows, rows, n, n].map((size) => new Guarded(engine, size, misalignment));
        const [Y, DX, M, I, DG, DB] = outputs as [Guarded, Guarded, Guarded, Guarded, Guarded, Guarded];
        const g = learned ? G.address : 0;
        k.layerNormForward(rows, n, X.address, g, learned ? B.address : 0, Y.address, M.address, I.address, epsilon);
        k.layerNormBackward(rows, n, X.address, DY.address, M.address, I.address, g, DX.address);
        const at = [M.address, I.address, DG.address, DB.address] as const;
        k.layerNormParameterGradient(rows, n, X.address, n, DY.address, ...at);

        const given = { rows, n, x, ...(learned ? { gamma, beta } : {}), epsilon };
        const want = normalize("layer", given);
        expectClose(M.read(), want.mean, { absolute: 16 * U, label: "mean" });
        const bound = (Math.min(n, 100) + 10) * U;
        expectClose(I.read(), want.inverseStd, { relative: bound, label: "inverseStd" });
        // A rounded mean is magnified by the inverse deviation, which is up to 1 / sqrt(epsilon) for small n.
        const off = bound * Math.max(1, ...I.values);
        expectClose(Y.read(), want.y, { absolute: 6 * off, label: "y" });
        const statistics = { mean: M.read(), inverseStd: I.read() };
        const gradients = normalizeBackward("layer", given, statistics, dy);
        expectClose(DX.read(), gradients.dx, { absolute: 16 * off, label: "dx" });
        expectClose(DG.read(), gradients.dgamma, { absolute: 8 * rows * off, label: "dgamma" });
        expectClose(DB.read(), gradients.dbeta, { absolute: 4 * rows * U * rows, label: "dbeta" });
        for (const array of [...inputs, ...outputs]) array.free();
      }
    }
  });

  it("works in place; rows and columns do not depend on how calls are split, to the bit", () => {
    const [rows, n] = [7, 37];
    const [X, DY, G] = [Guarded.of(engine, draw(rows * n)), Guarded.of(engine, draw(rows * n)), Guarded.of(engine, draw(n))];
    const run = (split: number, inPlace: boolean): Float32Array[] => {
      const own = inPlace ? [Guarded.of(engine, X.values), Guarded.of(engine, DY.values)] : [];
      const [Y, DX] = inPlace ? own : [new Guarded(engine, rows * n), new Guarded(engine, rows * n)];
      const from = inPlace ? Y!.address : X.address;
      const vectors = [rows, rows, n, n].map((size) => new Guarded(engine, size));
      const [M, I, DG, DB] = vectors as [Guarded, Guarded, Guarded, Guarded];
      for (const [start, end] of [
        [0, split],
        [split, rows],
      ] as const) {
        const at = start * n * 4;
        const row = start * 4;
        const count = end - start;
        k.layerNormForward(count, n, from + at, G.address, 0, Y!.address + at, M.address + row, I.address + row, 1e-3);
        const dy = (inPlace ? DX! : DY).address + at;
        k.layerNormBackward(
          ...([count, n, X.address + at, dy, M.address + row, I.address + row, G.address] as const),
          DX!.address + at,
        );
      }
      for (const [start, end] of [
        [0, split * 3],
        [split * 3, n],
      ] as const) {
        const at = start * 4;
        const outputs = [DG.address + at, DB.address + at] as const;
        const statistics = [M.address, I.address] as const;
        k.layerNormParameterGradient(rows, end - start, X.address + at, n, DY.address + at, ...statistics, ...outputs);
      }
      const results = [Y!, DX!, ...vectors].map((array) => array.read());
      for (const array of [Y!, DX!, ...vectors]) array.free();
      return results;
    };
    const whole = run(0, false);
    for (const [split, inPlace] of [
      [3, false],
      [0, true],
      [5, true],
    ] as const) {
      run(split, inPlace).forEach((result, i) => expect(firstDifference(result, whole[i]!)).toBe(-1));
    }
    for (const array of [X, DY, G]) array.free();
  });

  it("a row of one float gives beta exactly; a NaN stays in its row; a large mean does no harm", () => {
    const [M, I] = [new Guarded(engine, 3), new Guarded(engine, 3)];
    const one = [Guarded.of(engine, [5]), Guarded.of(engine, [0.3]), new Guarded(engine, 1)];
    k.layerNormForward(1, 1, one[0]!.address, 0, one[1]!.address, one[2]!.address, M.address, I.address, 1e-3);
    expect(one[2]!.read()[0]).toBe(f32(0.3));

    const n = 21;
    const x = draw(3 * n, 1e4, Math.sqrt(3));
    const [X, Y] = [Guarded.of(engine, x), new Guarded(engine, 3 * n)];
    k.layerNormForward(3, n, X.address, 0, 0, Y.address, M.address, I.address, 1e-3);
    const want = normalize("layer", { rows: 3, n, x, epsilon: 1e-3 });
    expectClose(I.read(), want.inverseStd, { relative: 5e-5 });
    const clean = Y.read();
    X.values[n + 20] = NaN;
    k.layerNormForward(3, n, X.address, 0, 0, Y.address, M.address, I.address, 1e-3);
    Y.read().forEach((y, i) => (i >= n && i < 2 * n ? expect(y).toBeNaN() : expect(y).toBe(clean[i])));
    for (const array of [M, I, X, Y, ...one]) array.free();
  });
});

const f32 = (x: number): number => Math.fround(x);

describe.each(golden.layer)("layer normalization of $from, [$rows, $n]", (want) => {
  eachBuild("golden", (engine) => {
    it("gives the same output and gradients", () => {
      const { kernels: k } = engine;
      const { rows, n } = want;
      const inputs = [want.x, want.dy, want.gamma, want.beta].map((values) => Guarded.of(engine, values));
      const [X, DY, G, B] = inputs as [Guarded, Guarded, Guarded, Guarded];
      const outputs = [rows * n, rows * n, rows, rows, n, n].map((size) => new Guarded(engine, size));
      const [Y, DX, M, I, DG, DB] = outputs as [Guarded, Guarded, Guarded, Guarded, Guarded, Guarded];
      const at = [M.address, I.address] as const;
      k.layerNormForward(rows, n, X.address, G.address, B.address, Y.address, ...at, want.epsilon);
      k.layerNormBackward(rows, n, X.address, DY.address, ...at, G.address, DX.address);
      k.layerNormParameterGradient(rows, n, X.address, n, DY.address, ...at, DG.address, DB.address);
      const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));
      const off = 4 * U * (1 + largest(want.x) * largest(I.values));
      const step = off * largest(want.dy);
      expectClose(Y.read(), want.y, { absolute: off * (1 + largest(want.gamma)), label: "y" });
      expectClose(DG.read(), want.dgamma, { absolute: step * rows, label: "dgamma" });
      expectClose(DB.read(), want.dbeta, { absolute: U * rows * largest(want.dy), label: "dbeta" });
      expectClose(DX.read(), want.dx, { absolute: 4 * step * largest(I.values) * largest(want.gamma), label: "dx" });
      for (const array of [...inputs, ...outputs]) array.free();
    });
  });
});
