import { describe, expect, it } from "vitest";
import { optimizers } from "../../src/optimizers/index.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import { eachBuild } from "../builds.js";
import { firstDifference, ulpOf } from "../closeness.js";
import { seeded, SIZES, SPECIALS } from "../guarded.js";
import { formulas, type Hyper, type Slots } from "../reference/optimizers.js";
import { benchOf, referenceOf } from "./harness.js";

/** Every optimizer in every form that its hyperparameters select, in both presets. */
const VARIANTS: Record<keyof typeof optimizers, object[]> = {
  sgd: [
    {},
    { momentum: 0.9 },
    { momentum: 0.9, nesterov: true },
    { compat: "torch" },
    { compat: "torch", momentum: 0.9, dampening: 0.1 },
    { compat: "torch", momentum: 0.9, nesterov: true },
  ],
  adagrad: [{}, { compat: "torch" }, { compat: "torch", learningRateDecay: 0.1 }],
  adadelta: [{}, { learningRate: 1 }, { compat: "torch" }],
  rmsprop: [{}, { compat: "torch" }].flatMap((preset) => [
    preset,
    { ...preset, momentum: 0.9 },
    { ...preset, centered: true },
    { ...preset, centered: true, momentum: 0.9 },
  ]),
  adamax: [{}, { compat: "torch" }],
  nadam: [{}, { compat: "torch" }],
  lion: [{}],
  adam: [{}, { amsgrad: true }, { compat: "torch" }, { compat: "torch", amsgrad: true }],
  adamW: [{}, { amsgrad: true }, { compat: "torch" }],
};

/** What the loop composes around every rule. */
const COMMON = [
  { weightDecay: 0.01 },
  { clipValue: 0.3, excludeFromWeightDecay: ["bias"], weightDecay: 0.1 },
  { clipNorm: 0.7 },
  { globalClipNorm: 0.7, useEma: true, emaMomentum: 0.9, emaOverwriteFrequency: 3 },
  { gradientAccumulationSteps: 3, clipNorm: 0.5, useEma: true, emaOverwriteFrequency: 2 },
  { learningRate: (step: number) => 0.1 / (step + 1), weightDecay: (step: number) => step / 100 },
];

function specOf(name: string, options: object): OptimizerSpec {
  return (optimizers[name as keyof typeof optimizers] as (options: object) => OptimizerSpec)(options);
}

function show(options: object): string {
  return JSON.stringify(options, (_, value) => (typeof value === "function" ? "schedule" : value));
}

const variants = Object.entries(VARIANTS).flatMap(([name, all]) => all.map((options) => [name, options] as const));
const specs = variants.map(([name, options]) => [`${name} ${show(options)}`, specOf(name, options)] as const);
const composed = variants.flatMap(([name, options]) =>
  COMMON.map((common) => {
    const all = { ...options, ...common };
    return [`${name} ${show(all)}`, specOf(name, all)] as const;
  }),
);

const u = 2 ** -24;
/** Relative step of a difference quotient in float64. */
const NUDGE = 1e-6;

function draw(random: () => number, n: number, scale = 1): Float32Array {
  return Float32Array.from({ length: n }, () => (random() * 2 - 1) * scale);
}

/**
 * The float64 step of one element, and the size of its change: |change|, or where terms of it cancel, the sum of what
 * each input moves it relative to that input's own size. No f32 computation can be closer than its inputs are known.
 */
function float64Step({ name, options }: OptimizerSpec, p: number, g: number, s: Slots, t: number) {
  const h = options as unknown as Hyper;
  const products = { beta1: h.beta1! ** t, beta2: h.beta2! ** t };
  const delta = (input?: string): number => {
    const moved = { ...s };
    if (input !== undefined && input !== "g") moved[input]! *= 1 + NUDGE;
    return formulas[name]!(p, input === "g" ? g * (1 + NUDGE) : g, moved, h, t, products);
  };
  const change = delta();
  const decay = h.weightDecay! * h.learningRate! * p;
  const parts = ["g", ...Object.keys(s)].map((input) => Math.abs(delta(input) - change) / NUDGE);
  const size =
    Math.max(
      Math.abs(change),
      parts.reduce((sum, part) => sum + part, 0),
    ) + Math.abs(decay);
  return { p: p - (decay + change), size };
}

it("has variants of every optimizer", () => {
  expect(Object.keys(VARIANTS).sort()).toEqual(Object.keys(optimizers).sort());
  for (const [name, { definition }] of Object.entries(optimizers)) {
    expect(definition.name).toBe(name);
    const torch = VARIANTS[name as keyof typeof optimizers].some((options) => "compat" in options);
    expect(torch).toBe(definition.torch !== undefined);
  }
});

eachBuild("optimizer rules", (engine, build) => {
  it.each(specs)("%s: a step from any state within 1 ulp + 8 u |change| of the float64 formula", (_, spec) => {
    const random = seeded(7);
    for (const n of SIZES) {
      const bench = benchOf(engine, spec, [draw(random, n)], { misalignment: n % 3 });
      for (let t = 1; t <= 6; t++) {
        const gradient = draw(random, n, 10 ** (4 * random() - 3));
        const before = bench.thetas[0]!.read();
        const { slots } = bench.run.state(bench.items[0]!.parameter)!;
        const state = Object.entries(slots).map(
          ([slot, address]) => [slot, engine.floats(address, n).slice()] as const,
        );
        bench.step([gradient]);
        const got = bench.thetas[0]!.read();
        for (let i = 0; i < n; i++) {
          const s = Object.fromEntries(state.map(([slot, values]) => [slot, values[i]!]));
          const { p, size } = float64Step(spec, before[i]!, gradient[i]!, s, t);
          if (!(Math.abs(got[i]! - p) <= ulpOf(p) + 8 * u * size)) {
            throw new Error(`n=${n}, t=${t}, [${i}]: ${got[i]} instead of ${p}, from ${before[i]}`);
          }
        }
      }
      bench.free();
    }
  });

  if (build !== "baseline") return;
  describe("bit for bit", () => {
    it.each(specs)("%s: 1000 steps equal to the scalar twin", (_, spec) => {
      const random = seeded(11);
      const theta = [draw(random, 19), draw(random, 5)];
      const bench = benchOf(engine, spec, theta);
      const twin = referenceOf(spec, "f32");
      for (let step = 0; step < 1000; step++) {
        const gradients = [draw(random, 19, random() ** 4), draw(random, 5)];
        if (step === 10) gradients[0]!.fill(0);
        if (step === 20) gradients[1]!.set([1e-30, -1e-42, 1e19, -1e12, 0]);
        bench.step(gradients);
        twin.step(theta, gradients);
      }
      theta.forEach((expected, i) => expect(firstDifference(bench.thetas[i]!.read(), expected)).toBe(-1));
      bench.free();
    });

    it.each(specs)("%s: zeros, subnormals, overflow, infinities and NaN as the scalar twin", (_, spec) => {
      const theta = [Float32Array.from(SPECIALS)];
      const bench = benchOf(engine, spec, theta);
      const twin = referenceOf(spec, "f32");
      for (let step = 0; step < SPECIALS.length; step++) {
        const gradients = [Float32Array.from(SPECIALS, (_, i) => SPECIALS[(i * 3 + step) % SPECIALS.length]!)];
        bench.step(gradients);
        twin.step(theta, gradients);
        expect(firstDifference(bench.thetas[0]!.read(), theta[0]!)).toBe(-1);
        for (const [slot, address] of Object.entries(bench.run.state(bench.items[0]!.parameter)!.slots)) {
          expect(firstDifference(engine.floats(address, SPECIALS.length), twin.slots[0]![slot]!), slot).toBe(-1);
        }
      }
      bench.free();
    });

    it.each(composed)("%s: 20 steps equal to the scalar twin", (_, spec) => {
      const random = seeded(13);
      const names = ["dense/kernel", "dense/bias"];
      const theta = [draw(random, 35), draw(random, 6)];
      const bench = benchOf(engine, spec, theta, { names });
      const twin = referenceOf(spec, "f32", names);
      for (let step = 0; step < 20; step++) {
        const gradients = [draw(random, 35), draw(random, 6)];
        bench.step(gradients);
        twin.step(theta, gradients);
      }
      theta.forEach((expected, i) => expect(firstDifference(bench.thetas[i]!.read(), expected)).toBe(-1));
      bench.free();
    });
  });
});
