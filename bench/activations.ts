import { activationDefinitions, type ActivationDefinition } from "../src/activations.js";
import type { Engine } from "../src/runtime/engine.js";
import type { Case } from "./case.js";

/** Rows of the width of a hidden layer: what a step of batch 64 holds, in the second-level cache. */
const [ROWS, WIDTH] = [64, 256];

/** Each activation, forward and backward. */
export function* activations(engine: Engine): Iterable<Case> {
  const n = ROWS * WIDTH;
  const [x, y, dy, dx] = [0, 1, 2, 3].map(() => engine.arena.allocate(n * 4)) as [number, number, number, number];
  const input = engine.floats(x, n);
  for (let i = 0; i < n; i++) input[i] = ((i * 7919) % 1000) / 125 - 4;
  engine.floats(dy, n).fill(1);
  for (const [name, definition] of Object.entries(activationDefinitions) as [string, ActivationDefinition][]) {
    const kernels = engine.kernels as unknown as Record<string, (...args: number[]) => void>;
    const [forward, backward] = [kernels[`${name}Forward`]!, kernels[`${name}Backward`]!];
    const counts = definition.rowwise ? [ROWS, WIDTH] : [n];
    const scalars = Object.values(definition.options ?? {}).map((option) => option.default);
    yield { name: `${name} forward`, elements: n, run: () => forward(...counts, x, y, ...scalars) };
    const saved = definition.saved === "x" ? x : y;
    yield { name: `${name} backward`, elements: n, run: () => backward(...counts, saved, dy, dx, ...scalars) };
  }
  for (const block of [dx, dy, y, x]) engine.arena.free(block);
}
