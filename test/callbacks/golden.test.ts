/** Callbacks against those of Keras 3 and PyTorch on the same scripted metrics, to the epoch. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { callbacks, type Logs } from "../../src/callbacks/index.js";
import { expectClose } from "../closeness.js";
import { runScript } from "./model.js";

interface Case {
  name: keyof typeof callbacks;
  options: Record<string, never>;
  metrics: (number | null | "NaN")[];
  epochs: number;
  weights: number;
  rates: number[];
  saved: string[];
  logs: Logs[];
  text: string;
}

const { cases } = JSON.parse(readFileSync(new URL("../golden/callbacks.json", import.meta.url), "utf8")) as {
  cases: Case[];
};
const of = (name: string) => cases.filter((one) => one.name === name);

/** Epochs without validation have no val_loss. */
const scriptOf = (metrics: Case["metrics"]): Logs[] =>
  metrics.map((value) => (value === null ? { loss: 1 } : { loss: 1, val_loss: Number(value) }));

describe("earlyStopping stops and restores as Keras", () => {
  it.each(of("earlyStopping"))("$options", async ({ options, metrics, epochs, weights }) => {
    const stopping = callbacks.earlyStopping({ ...options, restoreBestWeights: true });
    for (let use = 0; use < 2; use++) {
      const run = await runScript([stopping], scriptOf(metrics));
      expect({ epochs: run.epochs, weights: run.model.weights }).toEqual({ epochs, weights });
      expect(stopping.stoppedEpoch).toBe(run.stopReason === undefined ? undefined : epochs - 1);
    }
  });
});

describe("reduceLROnPlateau sets the rates of Keras and PyTorch", () => {
  it.each(of("reduceLROnPlateau"))("$options", async ({ options, metrics, rates }) => {
    const plateau = callbacks.reduceLROnPlateau(options);
    for (let use = 0; use < 2; use++) {
      const run = await runScript([plateau], scriptOf(metrics));
      expectClose(run.rates, rates, { relative: 1e-7 }); // Keras keeps the rate in f32
    }
  });
});

describe("learningRateScheduler sets the rates of Keras", () => {
  it.each(of("learningRateScheduler"))("$metrics", async ({ metrics, rates }) => {
    const scheduler = callbacks.learningRateScheduler((epoch, rate) => (epoch < 2 ? rate : rate * 0.5));
    expect((await runScript([scheduler], scriptOf(metrics))).rates).toEqual(rates);
  });
});

describe("modelCheckpoint saves when Keras does", () => {
  it.each(of("modelCheckpoint"))("$options", async ({ options, metrics, saved }) => {
    const names: string[] = [];
    const checkpoint = callbacks.modelCheckpoint({
      ...options,
      write(_bytes, { epoch, batch }) {
        names.push(batch === undefined ? `e${epoch + 1}` : `e${epoch + 1}b${batch + 1}`);
      },
    });
    const losses = metrics as number[];
    const batches = losses.map((loss) => [0, 1, 2, 3].map((batch) => ({ loss: loss + batch / 64 })));
    const script = losses.map((loss) => ({ loss: loss + 3 / 64, val_loss: loss }));
    await runScript([checkpoint], script, { batches });
    expect(names).toEqual(saved);
  });
});

describe("csvLogger writes what Keras writes", () => {
  it.each(of("csvLogger"))("$logs", async ({ logs, text }) => {
    const logger = callbacks.csvLogger();
    await runScript([logger], logs);
    expect(logger.text).toBe(text.replaceAll("\r\n", "\n"));
  });
});
