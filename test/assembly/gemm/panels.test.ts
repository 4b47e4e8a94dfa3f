import { expect, it } from "vitest";
import { eachBuild } from "../../builds.js";
import { firstDifference } from "../../closeness.js";
import { Guarded } from "../../guarded.js";
import { panelsOf, rowsOf } from "./matrix.js";

eachBuild("panels", (engine) => {
  const { kernels } = engine;

  it.each(Array.from({ length: 26 }, (_, n) => n))("n = %i: layout, zero pads and the way back", (n) => {
    for (const k of [0, 1, 2, 3, 7, 8, 33]) {
      const w = Float32Array.from({ length: k * n }, (_, i) => i + 1);
      for (const misalignment of [0, 1]) {
        const panels = panelsOf(engine, k, n, w, misalignment);
        const stored = panels.read();
        const expected = new Float32Array(kernels.panelFloats(k, n));
        for (let j = 0; j < n; j++) {
          for (let i = 0; i < k; i++)
            expected[kernels.panelOffset(k, n, j) + i * kernels.panelStride(n, j)] = w[i * n + j]!;
        }
        expect(firstDifference(stored, expected)).toBe(-1);
        expect(firstDifference(rowsOf(engine, k, n, panels), w)).toBe(-1);
        panels.free();
      }
    }
  });

  it("pads only 5 to 7 columns left over, and keeps 1 to 4 column by column", () => {
    const floats = [0, 1, 4, 5, 7, 8, 9, 12, 13, 16, 300].map((n) => kernels.panelFloats(10, n));
    expect(floats).toEqual([0, 10, 40, 80, 80, 80, 90, 120, 160, 160, 3000]);
    expect([kernels.panelOffset(10, 11, 9), kernels.panelStride(11, 9)]).toEqual([90, 1]);
    expect([kernels.panelOffset(10, 14, 9), kernels.panelStride(14, 9)]).toEqual([81, 8]);
  });

  it("does not read or write beyond its arrays", () => {
    const source = new Guarded(engine, 0);
    kernels.packPanels(5, 0, source.address, source.address);
    kernels.unpackPanels(0, 5, source.address, source.address);
    source.free();
  });
});
