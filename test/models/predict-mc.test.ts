import { expect, it, vi } from "vitest";
import { Plan } from "../../src/graph/plan.js";
import {
  functional,
  input,
  layers,
  sequential,
  tensor,
  type Model,
  type MonteCarloPrediction,
} from "../../src/index.js";
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

  /** A trunk without dropout that two branches with dropout and an output without any read, early and late. */
  const branched = (): Model => {
    const start = input({ shape: [12] });
    const trunk = layers
      .dense({ units: 9, activation: "elu" })
      .apply(layers.rescaling({ scale: 1 / 255 }).apply(start));
    const early = layers.dense({ units: 6, activation: "tanh" }).apply(layers.dropout(0.3).apply(trunk));
    const plain = layers.dense({ units: 6, activation: "sigmoid" }).apply(trunk);
    const late = layers
      .dense({ units: 6 })
      .apply(layers.gaussianNoise(0.2).apply(layers.add().apply(trunk, layers.dense(9).apply(plain))));
    const outputs = [layers.add().apply(early, late, plain), layers.dense(4).apply(plain)];
    return functional({ inputs: start, outputs, seed: 5, engine });
  };

  it("computes once for each batch what lies below the first dropout, and changes no bit by it", () => {
    const model = branched();
    const sampled = (samples: number, batchSize: number): MonteCarloPrediction[] =>
      model.predictMC(x, { samples, batchSize, keepSamples: true }) as unknown as MonteCarloPrediction[];
    const alone = sampled(70, 1);
    const [forward, resample] = [vi.spyOn(Plan.prototype, "forward"), vi.spyOn(Plan.prototype, "resample")];
    const together = sampled(70, 20);
    // Of 512 rows at most: 25 samples of 20 rows in a run, three runs for each of two batches.
    expect([forward.mock.calls.length, resample.mock.calls.length]).toEqual([2, 4]);
    forward.mockRestore();
    resample.mockRestore();
    together.forEach(({ samples }, i) => expect(firstDifference(samples!.data, alone[i]!.samples!.data)).toBe(-1));
    const plain = model.predict(x) as unknown as { data: Float32Array }[];
    expect(firstDifference(together[1]!.mean.data, plain[1]!.data)).toBe(-1);
    model.dispose();
  });
});
