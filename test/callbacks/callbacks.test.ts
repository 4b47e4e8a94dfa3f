import { describe, expect, it } from "vitest";
import { callbacks, checkCallbacks } from "../../src/callbacks/index.js";
import { runScript, ScriptedModel } from "./model.js";

const losses = (...values: number[]) => values.map((value) => ({ loss: value }));

describe("earlyStopping", () => {
  it("restores the best weights also when training runs to its end or throws", async () => {
    const script = losses(3, 1, 2);
    const options = { monitor: "loss", patience: 5, restoreBestWeights: true } as const;
    const ended = await runScript([callbacks.earlyStopping(options)], script);
    expect([ended.epochs, ended.model.weights, ended.stopReason]).toEqual([3, 1, undefined]);

    const model = new ScriptedModel();
    const throwing = {
      onEpochEnd: (epoch: number) => {
        if (epoch === 2) throw new Error("a user's mistake");
      },
    };
    await expect(runScript([callbacks.earlyStopping(options), throwing], script, { model })).rejects.toThrow("mistake");
    expect(model.weights).toBe(1);
  });

  it("tells the best value, its epoch, and why it stopped", async () => {
    const stopping = callbacks.earlyStopping({ monitor: "loss", patience: 2 });
    const { stopReason } = await runScript([stopping], losses(3, 1, 2, 2, 0));
    expect([stopping.best, stopping.bestEpoch, stopping.stoppedEpoch]).toEqual([1, 1, 3]);
    expect(stopReason).toBe("earlyStopping: loss has not improved for 2 epochs");
  });

  it("never takes NaN for the best, not even first", async () => {
    const stopping = callbacks.earlyStopping({ monitor: "loss", patience: 3, restoreBestWeights: true });
    const { model } = await runScript([stopping], losses(NaN, 2, 1, NaN));
    expect([stopping.best, model.weights]).toEqual([1, 2]);
  });

  it("does not stop in the first epoch, and restores the first weights if no value is a number", async () => {
    const stopping = callbacks.earlyStopping({ monitor: "loss", patience: 0, restoreBestWeights: true });
    const run = await runScript([stopping], losses(NaN, NaN, NaN));
    expect([run.epochs, run.model.weights]).toEqual([2, 0]);
  });

  it("goes on waiting while the baseline is not beaten by minDelta", async () => {
    const stopping = callbacks.earlyStopping({ monitor: "loss", patience: 2, baseline: 0.5, minDelta: 0.25 });
    expect((await runScript([stopping], losses(1, 0.375, 0.375, 0.375, 0.375))).epochs).toBe(3);
    expect((await runScript([stopping], losses(1, 0.125, 0.125, 0.125, 0.125))).epochs).toBe(4);
  });

  it("asks the metric which way is better, and says so if nothing tells", async () => {
    const model = new ScriptedModel({ accuracy: "up" });
    const stopping = callbacks.earlyStopping({ monitor: "val_accuracy", patience: 9 });
    await runScript([stopping], [0.5, 0.75, 0.25].map((value) => ({ val_accuracy: value })), { model }); // prettier-ignore
    expect(stopping.bestEpoch).toBe(1);
    const heads = callbacks.earlyStopping({ monitor: "val_head_loss", patience: 9 });
    await runScript([heads], [3, 1, 2].map((value) => ({ val_head_loss: value })), { model }); // prettier-ignore
    expect(heads.bestEpoch).toBe(1);
    await expect(runScript([callbacks.earlyStopping({ monitor: "myMetric" })], [{ myMetric: 1 }])).rejects.toThrow(
      "callbacks.earlyStopping: it is not known whether more or less of it is better; " +
        'give mode: "max" or mode: "min". Received: monitor="myMetric".',
    );
  });

  it("names the logs if the monitored one is none of them", async () => {
    const misspelt = callbacks.earlyStopping({ monitor: "val_los", mode: "min" });
    await expect(runScript([misspelt], [{ loss: 1, val_loss: 2 }])).rejects.toThrow(
      "callbacks.earlyStopping: monitor must be one of the logs, loss, val_loss " +
        '(did you mean "val_loss"?). Received: monitor="val_los".',
    );
    const early = runScript([callbacks.earlyStopping()], losses(1), { context: { validates: false } });
    await expect(early).rejects.toThrow(
      "callbacks.earlyStopping: a val_ log needs validationData or validationSplit. " + 'Received: monitor="val_loss".',
    );
  });

  it("checks its options", () => {
    expect(() => callbacks.earlyStopping({ patiance: 3 } as object)).toThrow('Did you mean "patience"?');
    expect(() => callbacks.earlyStopping({ patience: -1 })).toThrow(
      "callbacks.earlyStopping: patience must be an integer in [0, Infinity). Received: patience=-1.",
    );
    expect(() => callbacks.earlyStopping({ mode: "minimum" as "min" })).toThrow(
      'callbacks.earlyStopping: mode must be one of "auto", "min", "max". Received: mode="minimum".',
    );
  });
});

describe("reduceLROnPlateau", () => {
  it("takes a NaN for a bad epoch", async () => {
    const plateau = callbacks.reduceLROnPlateau({ monitor: "loss", patience: 2 });
    expect((await runScript([plateau], losses(NaN, 1, NaN, NaN, 0.5))).rates).toEqual([0.5, 0.5, 0.5, 0.05, 0.05]);
  });

  it("goes on waiting at the lowest rate, so that a rate raised by hand falls at once", async () => {
    const plateau = callbacks.reduceLROnPlateau({ monitor: "loss", patience: 2, factor: 0.5, minLearningRate: 0.5 });
    const raise = callbacks.learningRateScheduler((epoch, rate) => (epoch === 3 ? 2 : rate));
    expect((await runScript([raise, plateau], losses(1, 1, 1, 1, 1))).rates).toEqual([0.5, 0.5, 0.5, 1, 1]);
  });

  it("drops one epoch later in PyTorch: with patience 2 and a constant metric, at the fourth", async () => {
    const script = losses(1, 1, 1, 1);
    const keras = callbacks.reduceLROnPlateau({ monitor: "loss", patience: 2 });
    expect((await runScript([keras], script)).rates).toEqual([0.5, 0.5, 0.05, 0.05]);
    const torch = callbacks.reduceLROnPlateau({ monitor: "loss", patience: 2, compat: "torch" });
    expect((await runScript([torch], script)).rates).toEqual([0.5, 0.5, 0.5, 0.05]);
  });

  it("checks its options", () => {
    expect(() => callbacks.reduceLROnPlateau({ factor: 1 })).toThrow(
      "callbacks.reduceLROnPlateau: factor must be a finite number in (0, 1). Received: factor=1.",
    );
  });
});

describe("learningRateScheduler", () => {
  it("asks before each batch, with the steps done, if told so", async () => {
    const asked: number[] = [];
    const scheduler = callbacks.learningRateScheduler({
      per: "batch",
      schedule(step, rate) {
        asked.push(step);
        return rate / 2;
      },
    });
    const batches = [losses(1, 1), losses(1, 1)];
    expect((await runScript([scheduler], losses(1, 1), { batches })).rates).toEqual([1 / 8, 1 / 32]);
    expect(asked).toEqual([0, 1, 2, 3]);
  });

  it("names the epoch at which a schedule goes wrong", async () => {
    const scheduler = callbacks.learningRateScheduler((epoch) => (epoch === 1 ? NaN : 0.1));
    await expect(runScript([scheduler], losses(1, 1))).rejects.toThrow(
      "callbacks.learningRateScheduler (epoch 1): learningRate must be a finite number in [0, Infinity). " +
        "Received: learningRate=NaN.",
    );
  });
});

describe("modelCheckpoint", () => {
  it("waits for write and hands it the bytes, the epoch and a copy of the logs", async () => {
    const written: unknown[] = [];
    const model = new ScriptedModel();
    const checkpoint = callbacks.modelCheckpoint({
      includeOptimizer: false,
      async write(bytes, info) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        written.push([...bytes], info);
      },
    });
    const checks = { onEpochEnd: (epoch: number) => expect(written.length).toBe(2 * (epoch + 1)) };
    const script = losses(3, 2);
    await runScript([checkpoint, checks], script, { model });
    expect(written).toEqual([[0], { epoch: 0, logs: { loss: 3 } }, [1], { epoch: 1, logs: { loss: 2 } }]);
    expect(model.saves.map(({ includeOptimizer }) => includeOptimizer)).toEqual([false, false]);
  });

  it("checks its options", () => {
    expect(() => callbacks.modelCheckpoint({} as never)).toThrow(
      "callbacks.modelCheckpoint: write must be a function (bytes, info). Received: write=undefined.",
    );
    expect(() => callbacks.modelCheckpoint({ write() {}, saveFrequency: "batch" as never })).toThrow(
      'callbacks.modelCheckpoint: saveFrequency must be "epoch" or a number of batches. ' +
        'Received: saveFrequency="batch".',
    );
  });
});

describe("terminateOnNaN", () => {
  it("stops after the batch whose loss is not finite, and names it", async () => {
    for (const bad of [NaN, Infinity]) {
      const batches = [losses(1, 1, 1), losses(1, bad, 1)];
      const run = await runScript([callbacks.terminateOnNaN()], losses(1, 1), { batches });
      expect([run.epochs, run.stopReason]).toEqual([1, `terminateOnNaN: loss is ${bad} at epoch 1, batch 1`]);
    }
  });
});

describe("csvLogger", () => {
  it("hands each line to append as it is made, with the separator and header asked for", async () => {
    const lines: string[] = [];
    const append = (line: string) => void lines.push(line);
    const logger = callbacks.csvLogger({ append, separator: ";", header: false });
    await runScript([logger], [{ val_loss: 2, loss: 1.5 }]);
    expect(lines).toEqual(["0;1.5;2\n"]);
    expect(logger.text).toBe(lines.join(""));
  });
});

describe("progress", () => {
  /** A clock that a test turns. */
  const clock = { time: 0, now: () => clock.time };

  it("redraws one line per epoch on a terminal, ten times a second at most", async () => {
    clock.time = 0;
    let text = "";
    const write = (more: string) => void (text += more);
    const show = callbacks.progress({ write, terminal: true, now: clock.now });
    const ticking = { onBatchBegin: () => void (clock.time += 40) };
    const batches = [losses(0.5, 0.5, 0.5, 0.5, 0.5, 0.25), losses(1)];
    await runScript([ticking, show], [{ loss: 0.25, val_accuracy: 1 }, { loss: 1e-5 }], {
      batches,
      context: { steps: 6, epochs: 12 },
    });
    expect(text.split("\r")).toEqual([
      "",
      "Epoch  1/12  [============            ]  3/6  0.1s  40.0ms/step  0.1s left  loss 0.5000\x1b[K",
      "Epoch  1/12  [========================]  6/6  0.2s  40.0ms/step  0.0s left  loss 0.2500\x1b[K",
      "Epoch  1/12  [========================]  6/6  0.2s  40.0ms/step  loss 0.2500  val_accuracy 1.000\x1b[K\n",
      "Epoch  2/12  [====                    ]  1/6  0.0s  40.0ms/step  loss 1.000e-5\x1b[K\n",
    ]);
  });

  it("writes a plain line per epoch elsewhere, and asks for no logs of batches", async () => {
    clock.time = 0;
    let text = "";
    const write = (more: string) => void (text += more);
    for (const options of [{ terminal: false }, { verbose: 2, terminal: true }] as const) {
      text = "";
      const show = callbacks.progress({ ...options, write, now: clock.now });
      expect(show.onBatchEnd).toBeUndefined();
      const ticking = { onEpochEnd: () => void (clock.time += 125_000) };
      await runScript([ticking, show], [{ loss: 0.25 }], { context: { steps: 50 } });
      expect(text).toBe("Epoch 1/1  50/50  2m05s  2.50s/step  loss 0.2500\n");
    }
  });

  it("ends the line of an epoch that is cut short", async () => {
    clock.time = 0;
    let text = "";
    const write = (more: string) => void (text += more);
    const show = callbacks.progress({ write, terminal: true, now: clock.now });
    const ticking = { onBatchBegin: () => void (clock.time += 200) };
    await runScript([ticking, show, callbacks.terminateOnNaN()], losses(1), { batches: [losses(NaN)] });
    expect(text).toBe("\rEpoch 1/1  1  0.2s  200.0ms/step  loss NaN\x1b[K\n");
  });
});

describe("checkCallbacks", () => {
  it("names a hook that would never run", () => {
    checkCallbacks("fit", [{ onEpochEnd() {}, once: 1, state: {} }, callbacks.earlyStopping()]);
    expect(() => checkCallbacks("fit", [{}, { onEpochEnds() {} }])).toThrow(
      "fit: hooks are onTrainBegin, onEpochBegin, onBatchBegin, onBatchEnd, onEpochEnd, onTrainEnd " +
        "(did you mean onEpochEnd?). Received: callbacks[1]={ onEpochEnds }.",
    );
    expect(() => checkCallbacks("fit", [callbacks.terminateOnNaN])).toThrow(
      "fit: callbacks[0] must be an object with hooks; a factory must be called. " +
        "Received: callbacks[0]=function terminateOnNaN.",
    );
    expect(() => checkCallbacks("fit", callbacks.terminateOnNaN())).toThrow("fit: callbacks must be an array.");
    expect(() => checkCallbacks("fit", [{ onTrainEnd: 3 }])).toThrow("callbacks[0].onTrainEnd must be a function.");
  });
});
