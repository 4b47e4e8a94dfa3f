import { expect, it } from "vitest";
import { eachBuild } from "../builds.js";
import { firstDifference } from "../closeness.js";
import { Guarded, seeded, SIZES } from "../guarded.js";

eachBuild("repeat", (engine) => {
  const random = seeded(5);

  it.each(SIZES.filter((n) => n < 100))("copies along an axis and sums back in its order, inner = %i", (inner) => {
    for (const [outer, times] of [
      [0, 2],
      [1, 1],
      [1, 3],
      [3, 1],
      [2, 5],
    ] as const) {
      for (const misalignment of [0, 1]) {
        const x = Float32Array.from({ length: outer * inner }, () => random() * 2 - 1);
        const dy = Float32Array.from({ length: outer * times * inner }, () => random() * 2 - 1);
        if (dy.length > 0) dy[dy.length - 1] = NaN;
        const X = Guarded.of(engine, x, misalignment);
        const Y = new Guarded(engine, dy.length, misalignment);
        engine.kernels.repeatForward(outer, times, inner, X.address, Y.address);
        const copied = dy.map((_, i) => x[Math.floor(i / (times * inner)) * inner + (i % inner)]!);
        expect(firstDifference(Y.read(), copied)).toBe(-1);

        Y.values.set(dy);
        engine.kernels.repeatBackward(outer, times, inner, Y.address, X.address);
        const summed = x.map((_, i) => {
          const start = Math.floor(i / inner) * times * inner + (i % inner);
          let sum = dy[start]!;
          for (let t = 1; t < times; t++) sum = Math.fround(sum + dy[start + t * inner]!);
          return sum;
        });
        expect(firstDifference(X.read(), summed)).toBe(-1);
        for (const array of [X, Y]) array.free();
      }
    }
  });
});
