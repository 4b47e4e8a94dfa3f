import { expect, it } from "vitest";
import { eachBuild } from "../builds.js";
import { bitsOf, firstDifference, ulpError } from "../closeness.js";
import { Guarded } from "../guarded.js";
import { vectorFunctions } from "./vmath-functions.js";

/** Every 65,537th bit pattern: all exponents, both signs, NaN and a different mantissa each. */
const STRIDE = 65537;
const AROUND = 2048;

function argumentsOf(breakpoints: readonly number[]): Float32Array<ArrayBuffer> {
  const patterns: number[] = [0, 1, 0x007fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0x7fa00000];
  for (const pattern of [...patterns]) patterns.push(pattern | 0x80000000);
  for (let pattern = 0; pattern < 2 ** 32; pattern += STRIDE) patterns.push(pattern);
  for (const point of breakpoints) {
    for (let offset = -AROUND; offset < AROUND; offset++) patterns.push(bitsOf(point) + offset);
  }
  return new Float32Array(Uint32Array.from(patterns).buffer);
}

eachBuild("vmath", (engine, build) => {
  it.each(Object.entries(vectorFunctions))("%s", (_name, { bound, call, reference, twin, breakpoints, odd, range }) => {
    const values = argumentsOf(breakpoints);
    const n = values.length;
    const x = Guarded.of(engine, values);
    const y = new Guarded(engine, n);
    call(engine.kernels, n, x.address, y.address);
    const got = y.read();

    let worst = 0;
    let at = 0;
    for (let i = 0; i < n; i++) {
      const error = ulpError(got[i]!, reference(values[i]!));
      if (error > worst) [worst, at] = [error, values[i]!];
    }
    expect(worst, `ULP at ${at}`).toBeLessThanOrEqual(bound);
    if (build !== "relaxed") {
      const i = firstDifference(got, Float32Array.from(values, twin));
      expect(i, `the scalar twin differs at ${values[i]}`).toBe(-1);
    }
    if (range !== undefined) {
      expect(got.findIndex((value) => value < range[0] || value > range[1])).toBe(-1);
    }
    if (odd) {
      x.values.set(values.map((value) => -value));
      call(engine.kernels, n, x.address, y.address);
      const mirrored = y.read().map((value) => -value);
      expect(firstDifference(mirrored, got)).toBe(-1);
    }
    for (const array of [x, y]) array.free();
  });

  it("keeps the sign of zero where the function is its argument near 0", () => {
    for (const name of ["expm1", "log1p", "tanh", "erf"]) {
      const x = Guarded.of(engine, [-0, 0, -1e-45, 1e-45]);
      vectorFunctions[name]!.call(engine.kernels, 4, x.address, x.address);
      expect([...x.read()], name).toEqual([-0, 0, -1e-45, 1e-45].map(Math.fround));
      x.free();
    }
  });

  it("sigmoid is 0 or 1 only where it rounds to them", () => {
    const x = Guarded.of(engine, [-104.1, -103.9, 16.5, 17.4]);
    engine.kernels.sigmoidForward(4, x.address, x.address);
    const [zero, positive, below, one] = x.read();
    expect([zero, one]).toEqual([0, 1]);
    expect(positive).toBeGreaterThan(0);
    expect(below).toBeLessThan(1);
    x.free();
  });
});
