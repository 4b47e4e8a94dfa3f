import { optimizers as family } from "../src/optimizers/index.js";
import { OptimizerRun } from "../src/optimizers/optimizer-run.js";
import type { Engine } from "../src/runtime/engine.js";
import type { Case, Limits } from "./measure.js";
import { PARAMETERS } from "./net.js";

/** Each optimizer's update, against a plain pass that reads and writes as many arrays of the same size. */
export function* optimizers(engine: Engine, limits: Limits): Iterable<Case> {
  for (const [name, factory] of Object.entries(family)) {
    for (const n of name === "adam" ? [PARAMETERS, 10_000_000] : [PARAMETERS]) {
      const spec = factory();
      const slots = spec.definition.slots(spec.options as never).length;
      const reads = 2 + slots;
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
