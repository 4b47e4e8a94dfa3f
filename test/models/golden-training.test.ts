/** Whole trainings against Keras and PyTorch: the same net from the same weights on the same batches. */
import { describe, expect, test } from "vitest";
import { eachBuild } from "../builds.js";
import { expectClose } from "../closeness.js";
import type { GoldenArray } from "../golden/layers.js";
import { buildNet, lossesOf, optimizerOf } from "../golden/nets.js";
import { readTrainings, type GoldenTraining } from "../golden/training.js";
import type { Engine } from "../../src/runtime/engine.js";
import { tensor, type Tensor } from "../../src/tensor.js";

const CLOSE = { relative: 1e-5, absolute: 1e-5 };

/** Rows of an array that one batch takes. */
function rowsOf({ shape, values }: GoldenArray, step: number, batch: number): Tensor {
  const width = values.length / shape[0]!;
  const picked = Array.from({ length: batch }, (_, i) => (step * batch + i) % shape[0]!);
  return tensor(
    picked.flatMap((row) => values.slice(row * width, (row + 1) * width)),
    [batch, ...shape.slice(1)],
  );
}

/** What the model takes for arrays: itself, if there is one. */
const oneOrAll = <T>(arrays: T[]): T | T[] => (arrays.length === 1 ? arrays[0]! : arrays);
const tensors = (arrays: Record<string, GoldenArray>) =>
  new Map(Object.entries(arrays).map(([name, { shape, values }]) => [name, tensor(values, shape)]));

async function run(engine: Engine, { net, x, y, sampleWeights, initial, losses }: GoldenTraining, batch: number) {
  const model = buildNet(net, { engine, seed: 1 });
  const { unexpected } = model.setWeights(tensors(initial));
  expect(unexpected).toEqual([]);
  const loss = lossesOf(net.loss);
  model.compile({
    optimizer: optimizerOf(net.optimizer),
    loss: oneOrAll(loss),
    ...(net.lossWeights && { lossWeights: net.lossWeights }),
  });
  const take = (arrays: readonly GoldenArray[], step: number) =>
    oneOrAll(arrays.map((each) => rowsOf(each, step, batch)));
  const logs: Record<string, number>[] = [];
  for (let step = 0; step < losses.length; step++) {
    const [inputs, targets] = [take(x, step), take(y, step)];
    if (net.classWeight) {
      const options = {
        epochs: 1,
        batchSize: batch,
        shuffle: false,
        classWeight: net.classWeight,
        verbose: 0 as const,
      };
      const { history } = await model.fit(inputs, targets, options);
      logs.push({ loss: history["loss"]![0]! });
    } else {
      const options = sampleWeights ? { sampleWeight: take(sampleWeights, step) } : {};
      logs.push(model.trainOnBatch(inputs, targets, options) as Record<string, number>);
    }
  }
  const predictions = [model.predict(oneOrAll(x.map(({ shape, values }) => tensor(values, shape))))].flat() as Tensor[];
  const weights = model.getWeights();
  const outputs = model.outputNames;
  model.dispose();
  return { logs, predictions, weights, outputs };
}

eachBuild("trainings", (engine) => {
  describe.each(["training.json", "training-torch.json"])("%s", (file) => {
    const { batch, nets } = readTrainings(file);

    test.each(Object.entries(nets))("%s", async (_, golden) => {
      const { logs, predictions, weights, outputs } = await run(engine, golden, batch);
      logs.forEach((log, step) =>
        expectClose([log["loss"]!], [golden.losses[step]!], { ...CLOSE, label: `loss of step ${step}` }),
      );
      golden.outputLosses.forEach((losses, step) => {
        const got = losses.map((_, i) => logs[step]![`${outputs[i]}_loss`]!);
        expectClose(got, losses, { ...CLOSE, label: `losses of outputs in step ${step}` });
      });
      for (const [name, { values }] of Object.entries(golden.final)) {
        expectClose(weights.get(name)!.data, values, { ...CLOSE, label: name });
      }
      golden.predictions.forEach((each, i) =>
        expectClose(predictions[i]!.data, each, { ...CLOSE, label: outputs[i]! }),
      );
    });
  });
});
