import { describe, expect, it } from "vitest";
import { MemoryError } from "../../src/check.js";
import { optimizers } from "../../src/optimizers/index.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import { OptimizerRun } from "../../src/optimizers/optimizer-run.js";
import { schedules } from "../../src/schedules/index.js";
import { eachBuild, engineOf } from "../builds.js";
import { expectClose, firstDifference } from "../closeness.js";
import { seeded } from "../guarded.js";
import { benchOf } from "./harness.js";

const everyOptimizer = Object.entries(optimizers).map(
  ([name, factory]) => [name, factory as (options?: object) => OptimizerSpec] as const,
);
const random = seeded(5);

function draw(n: number): Float32Array {
  return Float32Array.from({ length: n }, () => random() * 2 - 1);
}

eachBuild("optimizer run", (engine) => {
  describe.each(everyOptimizer)("%s", (_, factory) => {
    it("keeps a padding of zeros zero, and a weight without gradient where it is", () => {
      for (const compat of factory().definition.torch === undefined ? ["keras"] : ["keras", "torch"]) {
        const bench = benchOf(engine, factory({ compat, weightDecay: 0 }), [new Float32Array(21), draw(6)]);
        const before = bench.thetas[1]!.read();
        for (let step = 0; step < 30; step++) bench.step([new Float32Array(21), new Float32Array(6)]);
        expect(firstDifference(bench.thetas[0]!.read(), new Float32Array(21))).toBe(-1);
        expect(firstDifference(bench.thetas[1]!.read(), before)).toBe(-1);
        bench.free();
      }
    });

    it("shows a NaN gradient in its weight, and in no other", () => {
      for (let i = 0; i < 21; i++) {
        const bench = benchOf(engine, factory(), [draw(21)]);
        const gradient = draw(21);
        gradient[i] = NaN;
        bench.step([gradient]);
        expect([...bench.thetas[0]!.read()].flatMap((x, j) => (Number.isFinite(x) ? [] : [j]))).toEqual([i]);
        bench.free();
      }
    });

    it("leaves a frozen parameter and its state as they are, and starts a new one at t = 1", () => {
      const values = [draw(19), draw(5)];
      const bench = benchOf(engine, factory(), values);
      const [first, second] = bench.items as [(typeof bench.items)[0], (typeof bench.items)[0]];
      for (let step = 0; step < 3; step++) bench.step([draw(19), draw(5)]);

      const bytes = (): string =>
        JSON.stringify([bench.thetas[1]!.read(), ...bench.run.export().scalars.values()].slice(0, 1)) +
        JSON.stringify([...bench.run.export().slots].filter(([name]) => name.startsWith(second.parameter.name))) +
        JSON.stringify(bench.run.state(second.parameter)!.scalars);
      const before = bytes();
      bench.run.step([first]);
      expect(bytes()).toBe(before);

      bench.run.release(second.parameter);
      bench.run.prepare([second.parameter]);
      const fresh = benchOf(engine, factory(), [bench.thetas[1]!.read()]);
      const gradient = draw(5);
      bench.step([draw(19), gradient]);
      fresh.step([gradient]);
      expect(firstDifference(bench.thetas[1]!.read(), fresh.thetas[0]!.read())).toBe(-1);
      bench.free();
      fresh.free();
    });

    it("continues to the bit from what it exported", () => {
      const spec = factory({ useEma: true, emaOverwriteFrequency: 2, gradientAccumulationSteps: 3, clipNorm: 1 });
      const bench = benchOf(engine, spec, [draw(9), draw(4)]);
      for (let step = 0; step < 4; step++) bench.step([draw(9), draw(4)]);
      bench.run.learningRate = 0.05;
      const state = bench.run.export();
      const again = benchOf(
        engine,
        spec,
        bench.thetas.map((theta) => theta.read()),
      );
      again.run.import(
        state,
        again.items.map(({ parameter }) => parameter),
      );
      expect(again.run.iterations).toBe(4);
      for (let step = 0; step < 7; step++) {
        const gradients = [draw(9), draw(4)];
        bench.step(gradients);
        again.step(gradients);
      }
      again.thetas.forEach((theta, i) => expect(firstDifference(theta.read(), bench.thetas[i]!.read())).toBe(-1));
      bench.free();
      again.free();
    });
  });

  it("puts a snapshot back to the bit", () => {
    const spec = optimizers.adam({ useEma: true });
    const bench = benchOf(engine, spec, [draw(9)]);
    bench.step([draw(9)]);
    const before = bench.run.export();
    const restore = bench.run.snapshot();
    bench.run.override("beta1", 0.5);
    bench.step([draw(9)]);
    restore();
    expect(bench.run.export()).toEqual(before);
    bench.free();
  });

  it("reads the learning rate from a schedule until it is set by hand", () => {
    const learningRate = schedules.stepDecay({ initial: 1, stepSize: 2, factor: 0.5 });
    const bench = benchOf(engine, optimizers.sgd({ learningRate }), [[0]]);
    const seen: number[] = [];
    for (let step = 0; step < 5; step++) {
      seen.push(bench.run.learningRate);
      bench.step([[1]]);
    }
    expect(seen).toEqual([1, 1, 0.5, 0.5, 0.25]);
    expect([...bench.thetas[0]!.read()]).toEqual([-3.25]);
    bench.run.learningRate = 2;
    bench.step([[1]]);
    expect([...bench.thetas[0]!.read()]).toEqual([-5.25]);
    expect(() => (bench.run.learningRate = -1)).toThrow("sgd: learningRate must be a finite number in [0, Infinity).");
    bench.free();
  });

  it("sets other hyperparameters by hand, those that the optimizer has", () => {
    const bench = benchOf(engine, optimizers.sgd({ learningRate: 1, momentum: 0.5 }), [[0]]);
    bench.step([[1]]);
    bench.run.override("momentum", 0.25);
    bench.step([[0]]);
    expect([...bench.thetas[0]!.read()]).toEqual([-1.25]);
    bench.run.override("momentum", undefined);
    bench.step([[0]]);
    expect([...bench.thetas[0]!.read()]).toEqual([-1.375]);
    expect(() => bench.run.override("beta1", 0.5)).toThrow(
      'sgd: name must be one of learningRate, momentum, dampening, weightDecay, emaMomentum. Received: name="beta1".',
    );
    bench.free();
    const plain = benchOf(engine, optimizers.sgd(), [[0]]);
    expect(() => plain.run.override("momentum", 0.5)).toThrow(
      "sgd: momentum was 0 when the optimizer was made and has no state. Received: momentum=0.5.",
    );
    plain.free();
  });

  it.each([NaN, -1, Infinity, "1"])("a schedule that gives %s stops with its step, before anything changed", (bad) => {
    for (const name of ["learningRate", "weightDecay", "beta2"]) {
      const schedule = (step: number): number => (step < 2 ? 0.1 : (bad as number));
      const bench = benchOf(engine, optimizers.adam({ [name]: schedule }), [draw(5)]);
      bench.step([draw(5)]);
      bench.step([draw(5)]);
      const before = bench.thetas[0]!.read();
      const state = bench.run.export();
      expect(() => bench.step([draw(5)])).toThrow(`adam (step 2): ${name} must be a finite number in [0, `);
      expect(firstDifference(bench.thetas[0]!.read(), before)).toBe(-1);
      expect(bench.run.export()).toEqual(state);
      bench.free();
    }
  });

  it("scales the learning rate, and with it the decay, by the parameter's factor", () => {
    const options = { learningRate: 0.5, weightDecay: 0.5 };
    const half = benchOf(engine, optimizers.sgd(options), [[4]], { learningRateScale: 0.5 });
    const plain = benchOf(engine, optimizers.sgd({ ...options, learningRate: 0.25 }), [[4]]);
    half.step([[1]]);
    plain.step([[1]]);
    expect(half.thetas[0]!.read()[0]).toBe(4 - 4 * 0.5 * 0.25 - 0.25);
    expect(plain.thetas[0]!.read()[0]).toBe(half.thetas[0]!.read()[0]);
    half.free();
    plain.free();
  });

  it("accumulates: one update by the mean, whatever was frozen meanwhile", () => {
    const spec = optimizers.sgd({ learningRate: 1, gradientAccumulationSteps: 2 });
    const bench = benchOf(engine, spec, [[0], [0]]);
    const [first, second] = bench.items as [(typeof bench.items)[0], (typeof bench.items)[0]];
    const step = (items: typeof bench.items, gradients: number[]): void => {
      bench.gradients.forEach((gradient, i) => gradient.values.set([gradients[i]!]));
      bench.run.step(items);
    };
    const values = (): number[] => bench.thetas.map((theta) => theta.read()[0]!);
    step([first, second], [1, 8]);
    expect(values()).toEqual([0, 0]);
    step([first], [3, 0]); // the second is frozen at the end of the window: what it gathered is gone
    expect(values()).toEqual([-2, 0]);
    step([first], [1, 0]);
    step([first, second], [1, 2]);
    expect(values()).toEqual([-3, -1]);
    bench.free();
  });

  it("averages the weights, and ends with the averages", () => {
    const spec = optimizers.sgd({ learningRate: 1, useEma: true, emaMomentum: 0.5 });
    const bench = benchOf(engine, spec, [[8], [8]]);
    const parameters = bench.items.map(({ parameter }) => parameter);
    bench.run.finalize(parameters); // nothing averaged yet
    expect(bench.thetas[0]!.read()[0]).toBe(8);
    bench.run.step([bench.items[0]!].map((item) => (bench.gradients[0]!.values.set([4]), item)));
    expect(engine.floats(bench.run.state(parameters[0]!)!.slots["average"]!, 1)[0]).toBe(4);
    bench.gradients[0]!.values.set([2]);
    bench.run.step([bench.items[0]!]);
    bench.run.finalize(parameters);
    expect(bench.thetas.map((theta) => theta.read()[0])).toEqual([3, 8]);
    bench.free();
  });

  it("applies constraints last, with the averages already in place", () => {
    const spec = optimizers.sgd({ learningRate: 1, useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 2 });
    const bench = benchOf(engine, spec, [[8]]);
    const seen: number[] = [];
    const parameter = {
      ...bench.items[0]!.parameter,
      constraint: { apply: () => seen.push(engine.floats(at, 1)[0]!) },
    };
    const at = parameter.address;
    bench.run.prepare([parameter]);
    for (let step = 0; step < 2; step++) {
      bench.gradients[0]!.values.set([4]);
      bench.run.step([{ parameter, gradient: bench.gradients[0]!.address }]);
    }
    expect(seen).toEqual([4, 2]);
    bench.free();
  });

  it("allocates nothing in a step, and frees all that it has", () => {
    const used = engine.arena.usedBytes;
    const spec = optimizers.adam({ amsgrad: true, useEma: true, gradientAccumulationSteps: 2, globalClipNorm: 1 });
    const bench = benchOf(engine, spec, [draw(1000)]);
    const prepared = engine.arena.usedBytes;
    const { buffer } = engine.memory;
    for (let step = 0; step < 10; step++) bench.step([draw(1000)]);
    bench.run.prepare(bench.items.map(({ parameter }) => parameter));
    expect(engine.arena.usedBytes).toBe(prepared);
    expect(engine.memory.buffer).toBe(buffer);
    bench.free();
    expect(engine.arena.usedBytes).toBe(used);
  });

  it("refuses a parameter that was not prepared, before anything changed", () => {
    const bench = benchOf(engine, optimizers.sgd(), [[1], [1]]);
    bench.step([[0], [0]]); // what it found out about these items does not outlive the state
    bench.run.release(bench.items[1]!.parameter);
    expect(() => bench.step([[1], [1]])).toThrow("sgd: layer_1/kernel has no state yet. Call prepare first.");
    expect(bench.thetas[0]!.read()[0]).toBe(1);
    bench.free();
  });
});

it("prepares all or nothing when memory runs out", () => {
  const engine = engineOf("baseline", 4);
  const run = new OptimizerRun(optimizers.adam({ amsgrad: true }), engine);
  const parameter = (name: string, size: number) => ({ name, address: 0, size, learningRateScale: 1 });
  const [small, large] = [parameter("small", 10), parameter("large", 30_000)];
  const used = engine.arena.usedBytes;
  expect(() => run.prepare([small, large])).toThrow(MemoryError);
  expect(engine.arena.usedBytes).toBe(used);
  expect(run.state(small)).toBeUndefined();
  run.prepare([small]);
  expect(Object.keys(run.state(small)!.slots)).toEqual(["m", "v", "vMax"]);
});

describe("known values", () => {
  const engine = engineOf("baseline");
  const run = (spec: OptimizerSpec, theta: number[], gradients: number[][]): number[][] => {
    const bench = benchOf(engine, spec, [theta]);
    const values = gradients.map((gradient) => {
      bench.step([gradient]);
      return [...bench.thetas[0]!.read()];
    });
    bench.free();
    return values;
  };

  it("AdaDelta divides by an accumulator that has the gradient in it", () => {
    // a = .05 * 4 = .2; sqrt(1e-7) / sqrt(.2 + 1e-7) * 2 = 1.4142e-3
    const [[moved]] = run(optimizers.adadelta({ learningRate: 1 }), [0], [[2]]) as [[number]];
    expectClose([moved], [-1.41421e-3], { relative: 1e-5 });
  });

  it("Adam's first step is the learning rate, but for an epsilon 31.6 times PyTorch's", () => {
    // sqrt(1 - .999) = .0316228: theta -= lr * g / (|g| + eps / .0316228)
    const [[keras]] = run(optimizers.adam({ learningRate: 1, epsilon: 1e-2 }), [0], [[1]]) as [[number]];
    expectClose([keras], [-1 / (1 + 1e-2 / Math.sqrt(1e-3))], { relative: 1e-6 });
    const torch = optimizers.adam({ learningRate: 1, epsilon: 1e-2, compat: "torch" });
    expectClose(run(torch, [0], [[1]])[0]!, [-1 / 1.01], { relative: 1e-6 });
  });

  it("AMSGrad is Keras's own golden test", () => {
    const gradients = Array.from({ length: 5 }, (_, step) =>
      Array.from({ length: 10 }, (_, i) => (step === 0 ? 0.01 : (i + 1) / 10)),
    );
    const first = run(optimizers.adam({ amsgrad: true }), new Array(10).fill(1), gradients).map((row) => row[0]!);
    expectClose(first, [0.999, 0.9982, 0.9974, 0.9965, 0.9955], { absolute: 5e-4 });
  });

  it("Nadam's mu is .892 at t = 100, or .457 in PyTorch", () => {
    for (const [compat, mu] of [
      ["keras", 0.892],
      ["torch", 0.457],
    ] as const) {
      const bench = benchOf(engine, optimizers.nadam({ compat }), [[1]]);
      for (let step = 0; step < 100; step++) bench.step([[1]]);
      const { fading } = bench.run.state(bench.items[0]!.parameter)!.scalars;
      expect(0.9 * (1 - 0.5 * fading!)).toBeCloseTo(mu, 3);
      bench.free();
    }
  });

  it("clips huge gradients by their norm without overflow", () => {
    for (const options of [{ globalClipNorm: 1 }, { clipNorm: 1 }, { globalClipNorm: 1, compat: "torch" as const }]) {
      const spec = optimizers.sgd({ learningRate: 1, ...options });
      expectClose(run(spec, [0, 0], [[3e37, 4e37]])[0]!, [-0.6, -0.8], { relative: 1e-6 });
      expect(run(spec, [0, 0], [[0, 0]])[0]).toEqual([0, 0]);
    }
    const keras = optimizers.sgd({ learningRate: 1, globalClipNorm: 1 });
    expect(run(keras, [0, 0], [[Infinity, 1]])[0]).toEqual([NaN, NaN]);
    expect(
      run(optimizers.sgd({ ...{ learningRate: 1, globalClipNorm: 1 }, compat: "torch" }), [0, 0], [[Infinity, 1]])[0],
    ).toEqual([NaN, 0]);
  });

  it("centered RMSProp stays finite where the variance is 0 but for rounding", () => {
    // Of constant gradients v - mean² ends at 0, give or take a rounding of v, which exceeds epsilon where g is large.
    const gradient = [0, ...Array.from({ length: 200 }, (_, i) => 100 + 37 * i)];
    const theta = gradient.map(() => 0.667);
    for (const compat of ["keras", "torch"] as const) {
      const spec = optimizers.rmsprop({ centered: true, rho: 0.9, compat });
      const rows = run(
        spec,
        theta,
        Array.from({ length: 200 }, () => gradient),
      );
      expect(rows.at(-1)!.every(Number.isFinite)).toBe(true);
      expect(rows.at(-1)![0]).toBe(Math.fround(0.667));
    }
  });

  it("clips by value what is too large, infinities too, but hides no NaN", () => {
    const spec = optimizers.sgd({ learningRate: 1, clipValue: 0.5 });
    const gradient = [0.25, 3, -3, Infinity, -Infinity, NaN, 0.5];
    const theta = gradient.map(() => 0);
    expect(run(spec, theta, [gradient])[0]).toEqual([-0.25, -0.5, 0.5, -0.5, 0.5, NaN, -0.5]);
  });
});
