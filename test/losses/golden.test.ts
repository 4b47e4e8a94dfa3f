/** Every loss against Keras 3: values per sample, and the gradient of their weighted sum. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { losses, type LossName } from "../../src/losses/index.js";
import { eachBuild } from "../builds.js";
import { expectClose } from "../closeness.js";
import { Guarded } from "../guarded.js";
import { makeLoss } from "./variants.js";

interface Case {
  name: LossName;
  options: Record<string, number | boolean>;
  rows: number;
  width: number;
  prediction: number[];
  target: number[];
  scale: number[];
  value: number[];
  gradient: number[];
}

const { cases } = JSON.parse(readFileSync(new URL("../golden/losses.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

/** Keras itself computes in f32: its errors and ours. */
const BOUND = { relative: 5e-6, absolute: 5e-7 };

describe("the golden losses", () => {
  it("cover every loss", () => {
    expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(Object.keys(losses)));
  });
});

eachBuild("losses equal Keras", (engine) => {
  it.each(cases)("$name $options, width $width", ({ name, options, rows, width, ...data }) => {
    const loss = makeLoss(name, options);
    const Y = Guarded.of(engine, data.prediction);
    const T = Guarded.of(engine, data.target);
    if (loss.target === "class") engine.i32.set(data.target, T.address >>> 2);
    const S = Guarded.of(engine, data.scale);
    const L = new Guarded(engine, rows);
    const D = new Guarded(engine, rows * width);
    loss.forward(engine.kernels, rows, width, Y.address, T.address, L.address);
    loss.backward(engine.kernels, rows, width, Y.address, T.address, S.address, D.address);
    expectClose(L.read(), data.value, { ...BOUND, label: "value" });
    expectClose(D.read(), data.gradient, { ...BOUND, label: "gradient" });
    for (const array of [Y, T, S, L, D]) array.free();
  });
});
