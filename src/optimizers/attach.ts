import { rangeError, typeError } from "../check.js";
import { defaultEngine } from "../runtime/engine.js";
import type { OptimizerSpec } from "./define-optimizer.js";
import { OptimizerRun, type Optimizable } from "./optimizer-run.js";

/** An optimizer of a user's own arrays. */
export interface AttachedOptimizer {
  /** The learning rate at this step. Setting it replaces a schedule. */
  learningRate: number;
  /** Steps done. */
  readonly iterations: number;
  /** Updates the arrays in place, by one gradient of the same length each, in the same order. */
  step(gradients: readonly Float32Array[]): void;
  /** Frees what it holds in linear memory. */
  dispose(): void;
  [Symbol.dispose](): void;
}

interface Slot {
  readonly array: Float32Array;
  readonly parameter: Optimizable;
  readonly gradient: number;
}

/**
 * Optimizes Float32Arrays that the caller owns: each step copies them and their gradients into linear memory and the
 * result back, so that they can be read and changed in between. Parameters are named "0", "1", … for
 * excludeFromWeightDecay.
 */
export function attach(spec: OptimizerSpec, arrays: readonly Float32Array[]): AttachedOptimizer {
  const where = `${spec.name}.attach`;
  if (!Array.isArray(arrays)) throw typeError(where, "arrays must be an array of Float32Arrays", "arrays", arrays);
  arrays.forEach((array, i) => checkFloats(where, `arrays[${i}]`, array));

  const engine = defaultEngine();
  const run = new OptimizerRun(spec, engine);
  const blocks: number[] = [];
  const allocate = (length: number): number => {
    blocks.push(engine.arena.allocate(length * 4));
    return blocks.at(-1)!;
  };
  const dispose = (): void => {
    run.dispose();
    for (const block of blocks.splice(0)) engine.arena.free(block);
    disposed = true;
  };
  let disposed = false;
  let slots: Slot[];
  try {
    slots = arrays.map((array, i) => ({
      array,
      parameter: { name: String(i), address: allocate(array.length), size: array.length, learningRateScale: 1 },
      gradient: allocate(array.length),
    }));
    run.prepare(slots.map(({ parameter }) => parameter));
  } catch (error) {
    dispose();
    throw error;
  }

  return {
    get learningRate() {
      return run.learningRate;
    },
    set learningRate(value) {
      run.learningRate = value;
    },
    get iterations() {
      return run.iterations;
    },
    step(gradients) {
      if (disposed) throw new Error(`${where}: the optimizer is disposed. Attach anew.`);
      if (!Array.isArray(gradients) || gradients.length !== slots.length) {
        throw rangeError(where, `step takes ${slots.length} gradients in an array`, "gradients", gradients);
      }
      slots.forEach(({ array }, i) => checkFloats(where, `gradients[${i}]`, gradients[i], array.length));
      slots.forEach(({ array, parameter, gradient }, i) => {
        engine.floats(parameter.address, array.length).set(array);
        engine.floats(gradient, array.length).set(gradients[i]!);
      });
      run.step(slots);
      for (const { array, parameter } of slots) array.set(engine.floats(parameter.address, array.length));
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

function checkFloats(where: string, name: string, value: unknown, length?: number): void {
  if (!(value instanceof Float32Array)) throw typeError(where, `${name} must be a Float32Array`, name, value);
  if (length !== undefined && value.length !== length) {
    throw rangeError(where, `${name} must have ${length} elements`, "length", value.length);
  }
}
