/** Parameters and gradients in linear memory for optimizer tests, with canaries. */
import type { Engine } from "../../src/runtime/engine.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import { OptimizerRun, type OptimizerItem } from "../../src/optimizers/optimizer-run.js";
import { ReferenceOptimizer } from "../reference/optimizers.js";
import { Guarded } from "../guarded.js";

export interface Bench {
  readonly run: OptimizerRun;
  readonly items: (OptimizerItem & { parameter: { name: string; address: number; size: number } })[];
  readonly thetas: Guarded[];
  readonly gradients: Guarded[];
  step(gradients: readonly ArrayLike<number>[]): void;
  free(): void;
}

/** A run over copies of these arrays, `misalignment` floats off a cache line. */
export function benchOf(
  engine: Engine,
  spec: OptimizerSpec,
  values: readonly ArrayLike<number>[],
  { misalignment = 0, names = [] as string[], learningRateScale = 1 } = {},
): Bench {
  const run = new OptimizerRun(spec, engine);
  const thetas = values.map((value) => Guarded.of(engine, value, misalignment));
  const gradients = values.map((value) => new Guarded(engine, value.length, misalignment));
  const items = thetas.map(({ address, n: size }, i) => ({
    parameter: { name: names[i] ?? `layer_${i}/kernel`, address, size, learningRateScale },
    gradient: gradients[i]!.address,
  }));
  run.prepare(items.map(({ parameter }) => parameter));
  return {
    run,
    items,
    thetas,
    gradients,
    step(given) {
      given.forEach((gradient, i) => gradients[i]!.values.set(gradient));
      run.step(items);
    },
    free() {
      run.dispose();
      for (const array of [...thetas, ...gradients]) array.free();
    },
  };
}

/** The reference of a specification. */
export function referenceOf(spec: OptimizerSpec, precision: "f32" | "f64", names: string[] = []): ReferenceOptimizer {
  const { definition, options } = spec;
  const slots = definition.slots(options);
  const first = slots.length > 0 ? (definition.initial?.(slots[0]!, options) ?? 0) : 0;
  return new ReferenceOptimizer(spec.name, options, precision, slots, names, first);
}
