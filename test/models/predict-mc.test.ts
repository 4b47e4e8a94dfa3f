import { expect, it } from "vitest";
import { layers, sequential, tensor, type Model, type MonteCarloPrediction } from "../../src/index.js";
import { eachBuild } from "../builds.js";
import { firstDifference } from "../closeness.js";
import { seeded } from "../guarded.js";

eachBuild("predictMC", (engine) => {
  const random = seeded(3);
  const x = tensor(
    Uint8Array.from({ length: 40 * 12 }, () => 256 * random()),
    [40, 12],
  );
  const net = (): Model =>
    sequential(
      [
        layers.rescaling({ scale: 1 / 255 }),
        layers.dense({ units: 9, activation: "elu" }),
        layers.dropout(0.3),
        layers.dense({ units: 4, activation: "softmax" }),
      ],
      { inputShape: [12], seed: 5, engine },
    );

  it("gives the same samples in however many runs and batches they are computed", () => {
    const model = net();
    const sampled = (batchSize: number): MonteCarloPrediction =>
      model.predictMC(x, { samples: 70, batchSize, keepSamples: true }) as MonteCarloPrediction;
    const all = sampled(40);
    for (const batchSize of [1, 7, 32]) {
      const other = sampled(batchSize);
      expect(firstDifference(other.samples!.data, all.samples!.data)).toBe(-1);
      expect(firstDifference(other.mean.data, all.mean.data)).toBe(-1);
      expect(firstDifference(other.std.data, all.std.data)).toBe(-1);
    }
    // The samples are scattered around the prediction, not away from it.
    const plain = model.predict(x) as typeof all.mean;
    const far = plain.data.filter((p, i) => Math.abs(p - all.mean.data[i]!) > 0.2);
    expect(far.length).toBe(0);
    model.dispose();
  });
});
