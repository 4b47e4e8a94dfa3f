import { expect, it } from "vitest";
import { eachBuild } from "../builds.js";
import { firstDifference } from "../closeness.js";
import { Guarded, seeded, SIZES, SPECIALS } from "../guarded.js";

eachBuild("convert", (engine) => {
  const { kernels } = engine;
  const random = seeded(3);

  it.each(SIZES)("bytes, integers and f64 to floats, n = %i", (n) => {
    for (const misalignment of [0, 1, 2, 3]) {
      const Y = new Guarded(engine, n, misalignment);
      const source = new Guarded(engine, 2 * n + 2);

      const bytes = Uint8Array.from({ length: n }, (_, i) => (i < 256 ? i * 37 : random() * 256));
      engine.u8.set(bytes, source.address + misalignment);
      kernels.u8ToF32(n, source.address + misalignment, Y.address);
      expect(firstDifference(Y.read(), Float32Array.from(bytes))).toBe(-1);

      const integers = Int32Array.from({ length: n }, (_, i) =>
        i === 1 ? -(2 ** 31) : i === 2 ? 2 ** 31 - 1 : i === 3 ? 2 ** 24 + 3 : (random() - 0.5) * 2 ** 25,
      );
      engine.i32.set(integers, source.address / 4);
      kernels.i32ToF32(n, source.address, Y.address);
      expect(firstDifference(Y.read(), Float32Array.from(integers))).toBe(-1);

      const doubles = Float64Array.from({ length: n }, (_, i) => SPECIALS[i] ?? (random() - 0.5) * 1e3);
      engine.u8.set(new Uint8Array(doubles.buffer), source.address + 4);
      kernels.f64ToF32(n, source.address + 4, Y.address);
      expect(firstDifference(Y.read(), Float32Array.from(doubles))).toBe(-1);
      engine.u8.set(new Uint8Array(doubles.buffer), source.address);
      kernels.f64ToF32(n, source.address, source.address);
      expect(firstDifference(source.values.slice(0, n), Float32Array.from(doubles))).toBe(-1);

      kernels.copyFloats(n, Y.address, source.address);
      expect(firstDifference(source.values.slice(0, n), Y.values)).toBe(-1);
      for (const array of [Y, source]) array.free();
    }
  });

  it("peak runs its rounds: every chain ends at a / (1 - a), a = 0.001", () => {
    expect(kernels.peak(0)).toBe(66);
    expect(kernels.peak(1000)).toBeCloseTo(12 / 999, 7);
  });
});
