/** fit with earlyStopping: the best weights are back, to the bit, whatever ended the training. */
import { afterAll, expect, test } from "vitest";
import {
  callbacks,
  layers,
  optimizers,
  sequential,
  type Callback,
  type CustomLoss,
  type FitOptions,
  type Model,
} from "../../src/index.js";
import { engineOf } from "../builds.js";
import { bits, noise } from "../models/nets.js";

const engine = engineOf("baseline");
afterAll(() => expect(engine.arena.usedBytes).toBe(0));

/** The loss falls in the first epochs, then rises: the rate changes its sign of progress. */
const RISES_AFTER = 3;
const x = noise(12, 3, 1);
const y = noise(12, 2, 2);
/** One epoch is 3 steps. */
const BATCH = 4;
const steps = (epochs: number): number => (epochs * x.shape[0]!) / BATCH;

const weightsOf = (model: Model): string => JSON.stringify(bits(model));

interface Ending {
  readonly options?: (control: AbortController) => Partial<FitOptions>;
  readonly callbacks?: (control: AbortController) => Callback[];
  readonly loss?: CustomLoss;
  readonly rate?: (step: number) => number;
  readonly rejects?: string | RegExp;
  readonly stopReason?: string | RegExp;
}

const meanSquares: CustomLoss = (yTrue, yPred) => {
  const value = new Float32Array(yPred.shape[0]!);
  const gradient = yPred.data.map((p, i) => {
    value[i >> 1]! += (p - yTrue.data[i]!) ** 2 / 2;
    return p - yTrue.data[i]!;
  });
  return { value, gradient };
};

/** After this many steps something happens. */
function after(count: number, act: () => void): Callback {
  let done = 0;
  return { onBatchEnd: () => void (++done === count && act()) };
}

function failing(count: number, result: () => ReturnType<CustomLoss>): CustomLoss {
  let calls = 0;
  return (yTrue, yPred) => (++calls > count ? result() : meanSquares(yTrue, yPred));
}

const boom = (): never => {
  throw new Error("boom");
};
const endings: Record<string, Ending> = {
  "its last epoch": {},
  patience: {
    callbacks: () => [callbacks.earlyStopping({ monitor: "loss", patience: 2 })],
    stopReason: /not improved/,
  },
  "a callback's stopTraining": {
    callbacks: () => [
      {
        onBatchEnd: (batch, _, { stopTraining, model }) =>
          void (model.optimizer.iterations >= steps(5) + 1 && batch === 0 && stopTraining("enough")),
      },
    ],
    stopReason: "enough",
  },
  "an aborted signal": {
    options: (control) => ({ signal: control.signal }),
    callbacks: (control) => [after(steps(5) + 2, () => control.abort())],
    stopReason: "aborted",
  },
  "an exception in a callback": { callbacks: () => [after(steps(5) + 1, boom)], rejects: "boom" },
  "an exception in onEpochEnd": {
    callbacks: () => [{ onEpochEnd: (epoch) => void (epoch === 5 && boom()) }],
    rejects: "boom",
  },
  "an exception in a step": { loss: failing(steps(5) + 1, boom), rejects: "boom" },
  "a schedule that gives NaN": { rate: (step) => (step > steps(5) ? NaN : rate(step)), rejects: /step 16.*NaN/ },
  "a schedule that gives a negative rate": {
    rate: (step) => (step > steps(5) ? -1 : rate(step)),
    rejects: /step 16.*-1/,
  },
  terminateOnNaN: {
    loss: failing(steps(5) + 1, () => ({
      value: new Float32Array(BATCH).fill(NaN),
      gradient: new Float32Array(2 * BATCH).fill(NaN),
    })),
    callbacks: () => [callbacks.terminateOnNaN()],
    stopReason: /NaN/,
  },
};

/** Falls into the minimum, then climbs out of it. */
function rate(step: number): number {
  return step < steps(RISES_AFTER) ? 0.1 : 3;
}

test.each(Object.entries(endings))("ended by %s", async (_, ending) => {
  const model: Model = sequential([layers.dense(2)], { inputShape: [3], seed: 4, engine });
  model.compile({
    optimizer: optimizers.sgd({ learningRate: ending.rate ?? rate }),
    loss: ending.loss ?? meanSquares,
  });
  const weights: string[] = [];
  const record: Callback = { onEpochEnd: () => void weights.push(weightsOf(model)) };
  const stopping = callbacks.earlyStopping({ monitor: "loss", patience: 100, restoreBestWeights: true });
  const control = new AbortController();
  const fitted = model.fit(x, y, {
    epochs: 7,
    batchSize: BATCH,
    shuffle: false,
    callbacks: [record, stopping, ...(ending.callbacks?.(control) ?? [])],
    ...ending.options?.(control),
  });
  if (ending.rejects !== undefined) await expect(fitted).rejects.toThrow(ending.rejects);
  else {
    const { stopReason } = await fitted;
    expect(stopReason).toMatch(ending.stopReason ?? "completed");
  }
  expect(weights.length).toBeGreaterThan(RISES_AFTER + 1);
  expect(stopping.bestEpoch).toBeLessThan(weights.length - 1);
  expect(new Set(weights).size).toBe(weights.length);
  expect(weights.indexOf(weightsOf(model))).toBe(stopping.bestEpoch);
  model.dispose();
});
