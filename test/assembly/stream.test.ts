import { expect, it } from "vitest";
import { eachBuild } from "../builds.js";
import { firstDifference } from "../closeness.js";
import { Guarded, seeded, SIZES } from "../guarded.js";

eachBuild("plain passes", (engine) => {
  const random = seeded(4);
  const { read2Write1, read3Write2, read4Write3, read5Write4 } = engine.kernels;

  it.each(SIZES)("add the last array to each of the others, n = %i", (n) => {
    for (const pass of [read2Write1, read3Write2, read4Write3, read5Write4] as ((...args: number[]) => void)[]) {
      const count = [read2Write1, read3Write2, read4Write3, read5Write4].indexOf(pass as typeof read2Write1) + 2;
      const values = Array.from({ length: count }, () => Float32Array.from({ length: n }, () => random() - 0.5));
      const arrays = values.map((value, i) => Guarded.of(engine, value, i % 2));
      pass(n, ...arrays.map((array) => array.address));
      const added = values.at(-1)!;
      values.forEach((value, i) => {
        const expected = i === count - 1 ? value : value.map((x, j) => Math.fround(x + added[j]!));
        expect(firstDifference(arrays[i]!.read(), expected)).toBe(-1);
        arrays[i]!.free();
      });
    }
  });
});
