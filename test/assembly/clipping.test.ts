import { expect, it } from "vitest";
import { eachBuild } from "../builds.js";
import { Guarded, seeded, SIZES } from "../guarded.js";

/** The kernel's order: sixteen partial sums, combined in pairs. */
function sumOfSquares(x: Float32Array): number {
  const sums = new Array<number>(16).fill(0);
  const whole = x.length & ~15;
  const fours = x.length & ~3;
  x.forEach((value, i) => (sums[i < whole ? i % 16 : i < fours ? i % 4 : 0]! += value * value));
  const pairs = [0, 1].map((lane) => {
    const s = (k: number): number => sums[2 * k + lane]!;
    return s(0) + s(1) + (s(2) + s(3)) + (s(4) + s(5) + (s(6) + s(7)));
  });
  return pairs[0]! + pairs[1]!;
}

eachBuild("sumOfSquares", (engine) => {
  const random = seeded(3);

  it.each(SIZES)("is the same in every build, to the bit, n = %i", (n) => {
    for (const misalignment of [0, 1]) {
      const values = Float32Array.from({ length: n }, () => (random() * 2 - 1) * 10 ** (random() * 8 - 4));
      const x = Guarded.of(engine, values, misalignment);
      expect(engine.kernels.sumOfSquares(n, x.address)).toBe(sumOfSquares(values));
      x.free();
    }
  });

  it("neither overflows nor underflows, and shows NaN and infinities", () => {
    const sum = (values: number[]): number => {
      const x = Guarded.of(engine, values);
      const result = engine.kernels.sumOfSquares(values.length, x.address);
      x.free();
      return result;
    };
    const largest = 3.4028234663852886e38;
    expect(sum([largest, largest, largest, largest, largest])).toBe(5 * largest * largest);
    expect(sum([2 ** -149])).toBe(2 ** -298);
    for (let i = 0; i < 19; i++) {
      const values = new Array<number>(19).fill(1);
      values[i] = NaN;
      expect(sum(values)).toBe(NaN);
      values[i] = -Infinity;
      expect(sum(values)).toBe(Infinity);
    }
  });
});
