import { describe, expect, it } from "vitest";
import { flushInterval } from "../../src/optimizers/flush-interval.js";
import { optimizers } from "../../src/optimizers/index.js";
import { OptimizerRun } from "../../src/optimizers/optimizer-run.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import type { Engine } from "../../src/runtime/engine.js";
import { eachBuild } from "../builds.js";
import { firstDifference } from "../closeness.js";
import { Guarded, SIZES } from "../guarded.js";
import { referenceOf } from "./harness.js";

const SMALLEST_NORMAL = 2 ** -126;
const N = 21;

const variants: [string, OptimizerSpec][] = [
  ...Object.entries(optimizers).map(([name, make]): [string, OptimizerSpec] => [name, make()]),
  ["sgd with momentum", optimizers.sgd({ momentum: 0.9 })],
  ["sgd with momentum .5", optimizers.sgd({ momentum: 0.5 })],
  ["sgd with momentum .02", optimizers.sgd({ momentum: 0.02 })],
  ["sgd with nesterov", optimizers.sgd({ momentum: 0.9, nesterov: true })],
  ["sgd, momentum from a schedule", optimizers.sgd({ momentum: (step) => 0.5 + 0.49 * ((step % 17) / 17) })],
  ["rmsprop, centered with momentum", optimizers.rmsprop({ centered: true, momentum: 0.9 })],
  ["adagrad, torch", optimizers.adagrad({ compat: "torch" })],
  ["adam, amsgrad", optimizers.adam({ amsgrad: true })],
  ["adam, quick", optimizers.adam({ beta1: 0.3, beta2: 0.6 })],
  ["adamax, quick", optimizers.adamax({ beta2: 0.9 })],
  ["adamax, quick, torch", optimizers.adamax({ beta2: 0.9, compat: "torch", epsilon: 1e-30 })],
  ["sgd with an average of the weights", optimizers.sgd({ useEma: true, emaMomentum: 0.9 })],
];

/** A run over 21 weights; what `gradientAt` gives is the gradient of all of them. */
function runOf(engine: Engine, spec: OptimizerSpec, first = 1) {
  const theta = Guarded.of(engine, new Float32Array(N).fill(first));
  const gradient = new Guarded(engine, N);
  const parameter = { name: "theta", address: theta.address, size: N, learningRateScale: 1 };
  const run = new OptimizerRun(spec, engine);
  run.prepare([parameter]);
  const slots = Object.entries(run.state(parameter)!.slots);
  return {
    run,
    parameter,
    theta,
    slots,
    step(value: number): void {
      gradient.values.fill(value);
      run.step([{ parameter, gradient: gradient.address }]);
    },
    free(): void {
      run.dispose();
      theta.free();
      gradient.free();
    },
  };
}

describe("flushInterval", () => {
  it("is a power of two up to 64 in which no average falls by more than 2^16", () => {
    const decays = [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.8, 0.84, 0.85, 0.9, 0.99, 1];
    expect(decays.map(flushInterval)).toEqual([1, 2, 4, 8, 16, 16, 32, 32, 64, 64, 64, 64]);
    expect(flushInterval(1e-10)).toBe(1);
    expect(flushInterval(0)).toBe(64);
  });
});

eachBuild("flushTiny", (engine) => {
  it("drops what is smaller than 2^-110, and nothing else", () => {
    const tiny = 2 ** -110;
    const values = [tiny, -tiny, tiny * (1 - 2 ** -24), -1e-40, 1e-45, 0, -0, 1, -3e38, Infinity, -Infinity, NaN];
    const kept = [tiny, -tiny, 0, 0, 0, 0, 0, 1, -3e38, Infinity, -Infinity, NaN];
    for (const n of SIZES) {
      for (const [shift, misalignment] of [0, 5, 10].entries()) {
        const at = (of: number[], i: number): number => of[(i + 5 * shift) % of.length]!;
        const x = Guarded.of(
          engine,
          Float32Array.from({ length: n }, (_, i) => at(values, i)),
          misalignment,
        );
        engine.kernels.flushTiny(n, x.address);
        const expected = Float32Array.from({ length: n }, (_, i) => at(kept, i));
        expect(firstDifference(x.read(), expected)).toBe(-1);
        x.free();
      }
    }
  });
});

eachBuild("averages of gradients that have become 0 or tiny", (engine, build) => {
  it.each(variants)("%s keeps no subnormal number", (_, spec) => {
    for (const [tail, steps] of [
      [0, 9_000],
      [1e-21, 500],
      [-1e-21, 500],
    ] as const) {
      const { run, slots, step, theta, free } = runOf(engine, spec, spec.options.useEma ? 0 : 1);
      for (let i = 0; i < steps; i++) {
        if (spec.options.useEma && i === 3) theta.values.fill(0);
        step(i < 5 && tail === 0 ? 1e-2 : tail);
        if (spec.options.useEma && i > 3) theta.values.fill(0);
        for (const [slot, address] of slots) {
          const value = engine.f32[address / 4 + (i % N)]!;
          if (value !== 0 && Math.abs(value) < SMALLEST_NORMAL) throw new Error(`step ${i}, ${slot}: ${value}`);
        }
      }
      expect(run.iterations).toBe(steps);
      free();
    }
  });

  it.each(variants)("%s goes on the same after its state was kept and read", (_, spec) => {
    const through = runOf(engine, spec);
    for (let i = 0; i < 37; i++) through.step(i < 5 ? 1e-2 : 0);
    const resumed = runOf(engine, spec);
    resumed.theta.values.set(through.theta.values);
    resumed.run.import(through.run.export(), [resumed.parameter]);
    for (let i = 0; i < 900; i++) {
      through.step(0);
      resumed.step(0);
      through.slots.forEach(([slot, address], s) => {
        const other = resumed.slots[s]![1];
        expect(engine.f32[other / 4]!, `${slot}, ${i} steps later`).toBe(engine.f32[address / 4]!);
      });
    }
    through.free();
    resumed.free();
  });

  if (build !== "baseline") return;
  it.each(variants)("%s drops what the scalar twin drops, when it does", (_, spec) => {
    const { slots, step, theta, free } = runOf(engine, spec);
    const twin = referenceOf(spec, "f32");
    const weights = [new Float32Array(N).fill(1)];
    for (let i = 0; i < 900; i++) {
      const value = i < 5 ? 1e-2 : 0;
      step(value);
      twin.step(weights, [new Float32Array(N).fill(value)]);
      for (const [slot, address] of slots) {
        expect(engine.f32[address / 4 + N - 1]!, `${slot}, step ${i}`).toBe(twin.slots[0]![slot]![N - 1]!);
      }
    }
    expect(firstDifference(theta.read(), weights[0]!)).toBe(-1);
    free();
  });
});
