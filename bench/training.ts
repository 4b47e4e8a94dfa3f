import type { Engine } from "../src/runtime/engine.js";
import type { Case } from "./case.js";
import type { Limits } from "./limits.js";
import { batchOf, net, PARAMETERS, TRAINING_FLOPS } from "./net.js";

/** Bytes that Adam reads and writes: theta, g, m, v in; theta, m, v out. */
const ADAM_BYTES = 7 * 4 * PARAMETERS;

/**
 * Whole training steps. Their limit is the time that the products take at the multiply-add limit and the optimizer at
 * the speed of a plain copy: activations, losses, calls and all else count as loss.
 */
export function* training(engine: Engine, limits: Limits): Iterable<Case> {
  for (const batchNorm of [false, true]) {
    for (const rows of batchNorm ? [32, 128] : [1, 32, 128, 512]) {
      const model = net(engine, { batchNorm });
      model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
      const { x, y } = batchOf(rows);
      const limit = (): number => 1 / ((rows * TRAINING_FLOPS) / limits.flops() + ADAM_BYTES / limits.copy(PARAMETERS));
      const name = `training step, ${batchNorm ? "BN, " : ""}batch ${rows}`;
      yield { name, limit, run: () => model.trainOnBatch(x, y) };
      model.dispose();
    }
  }
}
