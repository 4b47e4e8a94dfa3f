import { expect, it } from "vitest";
import { optimizers } from "../../src/optimizers/index.js";
import { defaultEngine } from "../../src/runtime/engine.js";

it("updates a user's own arrays in place", () => {
  const used = defaultEngine().arena.usedBytes;
  const theta = Float32Array.of(1, 2, 3);
  const other = new Float32Array([10, 20, 30]).subarray(1);
  const run = optimizers.sgd({ learningRate: 0.5 }).attach([theta, other]);
  run.step([Float32Array.of(2, 4, 6), Float32Array.of(2, 2)]);
  expect([...theta, ...other]).toEqual([0, 0, 0, 19, 29]);
  theta[0] = 8; // what the user changes in between counts
  run.learningRate = 1;
  run.step([Float32Array.of(1, 0, 0), Float32Array.of(0, 0)]);
  expect([...theta]).toEqual([7, 0, 0]);
  expect([run.iterations, run.learningRate]).toEqual([2, 1]);
  run.dispose();
  run.dispose();
  expect(defaultEngine().arena.usedBytes).toBe(used);
  expect(() => run.step([theta, other])).toThrow("sgd.attach: the optimizer is disposed. Attach anew.");
});

it("descends: Adam finds the bottom of a parabola, and each attachment starts anew", () => {
  const spec = optimizers.adam({ learningRate: 0.1 });
  const ends = [0, 1].map(() => {
    const theta = Float32Array.of(3, -2);
    using run = spec.attach([theta]);
    for (let step = 0; step < 300; step++) run.step([theta.map((x) => 2 * (x - 1))]);
    expect(Math.abs(theta[0]! - 1) + Math.abs(theta[1]! - 1)).toBeLessThan(1e-2);
    return [...theta];
  });
  expect(ends[0]).toEqual(ends[1]);
});

it("refuses what does not fit, before anything changed", () => {
  const theta = Float32Array.of(1, 2);
  const run = optimizers.sgd().attach([theta]);
  expect(() => run.step([Float32Array.of(1)])).toThrow(
    "sgd.attach: gradients[0] must have 2 elements. Received: length=1.",
  );
  expect(() => run.step([])).toThrow("sgd.attach: step takes 1 gradients in an array. Received: gradients=[].");
  expect(() => run.step([[1, 2] as unknown as Float32Array])).toThrow(
    "sgd.attach: gradients[0] must be a Float32Array. Received: gradients[0]=[1, 2].",
  );
  expect([...theta]).toEqual([1, 2]);
  run.dispose();
  expect(() => optimizers.sgd().attach(theta as unknown as Float32Array[])).toThrow(
    "sgd.attach: arrays must be an array of Float32Arrays. Received: arrays=Float32Array(2).",
  );
});
