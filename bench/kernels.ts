import type { Engine } from "../src/runtime/engine.js";
import type { Case } from "./case.js";

/** Batch, inputs and units of real layers. */
const LAYERS = [
  [1, 784, 300],
  [32, 784, 300],
  [128, 784, 300],
  [32, 300, 100],
  [128, 100, 10],
  [64, 1000, 1000],
] as const;

function randomFloats(engine: Engine, n: number): number {
  const address = engine.arena.allocate(n * 4);
  const values = engine.floats(address, n);
  for (let i = 0; i < n; i++) values[i] = ((i * 7919) % 1000) / 1000 - 0.5;
  return address;
}

/** The dense products on stored weights, and sgemm on plain matrices. */
export function* kernels(engine: Engine): Iterable<Case> {
  const { arena, kernels: k } = engine;
  for (const [batch, inputs, units] of LAYERS) {
    const stored = k.panelFloats(inputs, units);
    const [w, dw] = [randomFloats(engine, stored), randomFloats(engine, stored)];
    const [x, dx] = [randomFloats(engine, batch * inputs), randomFloats(engine, batch * inputs)];
    const [y, bias] = [randomFloats(engine, batch * units), randomFloats(engine, units)];
    const scratch = randomFloats(engine, Math.max(k.denseBackwardInputScratch(batch, units, inputs), 1));
    const shape = `${batch} x ${inputs} x ${units}`;
    const flops = 2 * batch * inputs * units;
    yield {
      name: `dense forward ${shape}`,
      flops,
      run: () => k.denseForward(batch, units, inputs, x, inputs, w, bias, y, units),
    };
    yield {
      name: `dense dW ${shape}`,
      flops,
      run: () => k.denseBackwardWeights(batch, units, inputs, x, inputs, y, units, dw),
    };
    yield {
      name: `dense dX ${shape}`,
      flops,
      run: () => k.denseBackwardInput(batch, units, inputs, 0, inputs, y, units, w, dx, inputs, scratch),
    };
    for (const block of [scratch, bias, y, dx, x, dw, w]) arena.free(block);
  }
  for (const n of [128, 256, 512, 1024]) {
    const [a, b, c] = [randomFloats(engine, n * n), randomFloats(engine, n * n), randomFloats(engine, n * n)];
    const scratch = randomFloats(engine, Math.max(k.sgemmScratch(n, n, n), 1));
    for (const form of ["NN", "NT", "TN", "TT"] as const) {
      if (form !== "NN" && n !== 512) continue;
      const sgemm = k[`sgemm${form}`];
      yield {
        name: `sgemm ${form} ${n}`,
        flops: 2 * n ** 3,
        run: () => sgemm(n, n, n, 1, a, n, b, n, 0, c, n, scratch),
      };
    }
    for (const block of [scratch, c, b, a]) arena.free(block);
  }
}
