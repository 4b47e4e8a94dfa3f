import type { Engine } from "../src/runtime/engine.js";
import type { Case } from "./case.js";
import type { Limits } from "./limits.js";
import { batchOf, FORWARD_FLOPS, net } from "./net.js";

/** Prediction, and 100 passes with dropout on. */
export function* prediction(engine: Engine, limits: Limits): Iterable<Case> {
  for (const rows of [1, 32, 1000]) {
    const model = net(engine);
    const { x } = batchOf(rows);
    const limit = (): number => limits.flops() / (rows * FORWARD_FLOPS);
    yield { name: `predict, batch ${rows}`, limit, run: () => model.predict(x) };
    model.dispose();
  }
  const samples = 100;
  for (const rows of [1, 32]) {
    const model = net(engine, { dropout: 0.2 });
    const { x } = batchOf(rows);
    const limit = (): number => limits.flops() / (samples * rows * FORWARD_FLOPS);
    yield { name: `MC dropout, ${samples} samples, batch ${rows}`, limit, run: () => model.predictMC(x, { samples }) };
    model.dispose();
  }
}
