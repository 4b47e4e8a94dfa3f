import { expect, it } from "vitest";
import { eachBuild } from "../builds.js";
import { firstDifference } from "../closeness.js";
import { Guarded, seeded, SIZES } from "../guarded.js";

eachBuild("blas1", (engine, build) => {
  const random = seeded(1);
  const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random() * 2 - 1);

  it.each(SIZES)("saxpy, sscal, addForward and sdot, n = %i", (n) => {
    for (const misalignment of [0, 1]) {
      const x = draw(n);
      const y = draw(n);
      const alpha = Math.fround(0.7);
      const X = Guarded.of(engine, x, misalignment);
      const Y = Guarded.of(engine, y, misalignment);
      const Z = new Guarded(engine, n, misalignment);

      let dot = 0;
      let magnitude = 0;
      for (let i = 0; i < n; i++) {
        dot += x[i]! * y[i]!;
        magnitude += Math.abs(x[i]! * y[i]!);
      }
      const bound = ((n + 2) * 2 ** -24 * magnitude) / (1 - (n + 2) * 2 ** -24);
      expect(Math.abs(engine.kernels.sdot(n, X.address, Y.address) - dot)).toBeLessThanOrEqual(bound);

      engine.kernels.addForward(n, X.address, Y.address, Z.address);
      expect(firstDifference(Z.read(), x.map((value, i) => Math.fround(value + y[i]!)))).toBe(-1);

      engine.kernels.saxpy(n, alpha, X.address, Y.address);
      const unfused = x.map((value, i) => Math.fround(Math.fround(alpha * value) + y[i]!));
      const fused = x.map((value, i) => Math.fround(alpha * value + y[i]!));
      expect(firstDifference(Y.read(), build === "relaxed" ? fused : unfused)).toBe(-1);

      engine.kernels.sscal(n, alpha, X.address);
      expect(firstDifference(X.read(), x.map((value) => Math.fround(value * alpha)))).toBe(-1);
      for (const array of [X, Y, Z]) array.free();
    }
  });
});
