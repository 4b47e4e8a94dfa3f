import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { layers } from "../../src/layers/index.js";
import { sequential } from "../../src/models/sequential.js";
import { engineOf } from "../builds.js";

it("frees what a model leaves behind that nobody disposed of", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const engine = engineOf("baseline");
  async function train(): Promise<void> {
    const model = sequential(
      [
        layers.dense(8),
        layers.batchNormalization(),
        layers.dropout(0.5),
        layers.dense({ units: 2, activation: "softmax" }),
      ],
      { inputShape: [4], seed: 1, engine },
    );
    model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
    await model.fit(new Float32Array(40).fill(1), new Uint8Array(10), { epochs: 1 });
    model.predict(new Float32Array(8));
  }
  await train();
  expect(engine.arena.usedBytes).toBeGreaterThan(0);
  for (let i = 0; i < 50 && engine.arena.usedBytes > 0; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(engine.arena.usedBytes).toBe(0);
});
