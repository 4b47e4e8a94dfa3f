import type { OptimizerSpec } from "../src/optimizers/define-optimizer.js";
import { optimizers as family } from "../src/optimizers/index.js";
import { OptimizerRun } from "../src/optimizers/optimizer-run.js";
import type { Engine } from "../src/runtime/engine.js";
import type { Case } from "./case.js";
import type { Limits } from "./limits.js";
import { PARAMETERS } from "./net.js";

const defaults = Object.entries(family).map(([name, make]): [string, OptimizerSpec] => [name, make()]);
const variants: [string, OptimizerSpec][] = [
  ...defaults,
  ["sgd, momentum", family.sgd({ momentum: 0.9 })],
  ["sgd, nesterov", family.sgd({ momentum: 0.9, nesterov: true })],
  ["rmsprop, centered, momentum", family.rmsprop({ centered: true, momentum: 0.9 })],
  ["adam, amsgrad", family.adam({ amsgrad: true })],
];
/** What is done besides the update is on top of the same limit. */
const options: [string, OptimizerSpec][] = [
  ["adam, clipValue", family.adam({ clipValue: 1 })],
  ["adam, clipNorm", family.adam({ clipNorm: 1 })],
  ["adam, globalClipNorm", family.adam({ globalClipNorm: 1 })],
  ["adam, useEma", family.adam({ useEma: true })],
];

/**
 * Each optimizer's update, against a plain pass that reads and writes as many arrays of the same size. AdaGrad and plain
 * RMSProp, which move the fewest bytes for a root and a division, are bound by the divider while they fit in the cache:
 * 6 cycles for four floats on Intel's Golden Cove, where the pass takes 5.
 */
export function* optimizers(engine: Engine, limits: Limits): Iterable<Case> {
  for (const [n, specs] of [
    [PARAMETERS, [...variants, ...options]],
    [10_000_000, variants],
  ] as const) {
    for (const [name, spec] of specs) {
      const reads = 2 + spec.definition.slots(spec.options as never).length;
      const [address, gradient] = [engine.arena.allocate(n * 4), engine.arena.allocate(n * 4)];
      engine.floats(address, n).fill(0.5);
      engine.floats(gradient, n).fill(0.01);
      const run = new OptimizerRun(spec, engine);
      const items = [{ parameter: { name: "theta", address, size: n, learningRateScale: 1 }, gradient }];
      run.prepare(items.map(({ parameter }) => parameter));
      yield {
        name: `${name}, ${n} parameters`,
        bytes: 4 * n * (2 * reads - 1),
        limit: () => limits.pass(reads, n),
        run: () => run.step(items),
      };
      run.dispose();
      engine.arena.free(gradient);
      engine.arena.free(address);
    }
  }
}
