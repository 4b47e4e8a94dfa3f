import { expect, it } from "vitest";
import { optimizers } from "../../src/optimizers/index.js";
import { OptimizerRun } from "../../src/optimizers/optimizer-run.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import { eachBuild } from "../builds.js";
import { Guarded } from "../guarded.js";

const variants: [string, OptimizerSpec][] = [
  ...Object.entries(optimizers).map(([name, make]): [string, OptimizerSpec] => [name, make()]),
  ["sgd with momentum", optimizers.sgd({ momentum: 0.9 })],
  ["sgd with nesterov", optimizers.sgd({ momentum: 0.9, nesterov: true })],
  ["rmsprop, centered with momentum", optimizers.rmsprop({ centered: true, momentum: 0.9 })],
  ["adam, amsgrad", optimizers.adam({ amsgrad: true })],
];

eachBuild("averages of gradients that have become 0", (engine) => {
  it.each(variants)("%s keeps no subnormal number", (_, spec) => {
    const theta = Guarded.of(engine, new Float32Array(21).fill(1));
    const gradient = new Guarded(engine, 21);
    const parameter = { name: "theta", address: theta.address, size: 21, learningRateScale: 1 };
    const run = new OptimizerRun(spec, engine);
    run.prepare([parameter]);
    for (let step = 0; step < 11_000; step++) {
      gradient.values.fill(step < 5 ? 1e-2 : 0);
      run.step([{ parameter, gradient: gradient.address }]);
    }
    for (const [slot, address] of Object.entries(run.state(parameter)!.slots)) {
      for (const value of engine.floats(address, 21)) {
        expect(value === 0 || Math.abs(value) >= 2 ** -126, `${slot}: ${value}`).toBe(true);
      }
    }
    run.dispose();
    theta.free();
    gradient.free();
  });
});
