/**
 * Every factory of every family refuses what it does not know and what is of no use, at once and in one form. The
 * families' tables are walked: a newcomer is tested without anyone writing a test for it.
 */
import { describe, expect, it } from "vitest";
import {
  activations,
  callbacks,
  constraints,
  initializers,
  layers,
  losses,
  metrics,
  optimizers,
  regularizers,
  schedules,
} from "../src/index.js";

type Factory = (options?: unknown) => unknown;

const families = {
  activations,
  callbacks,
  constraints,
  initializers,
  layers,
  losses,
  metrics,
  optimizers,
  regularizers,
  schedules,
} as unknown as Record<string, Record<string, Factory>>;

const decay = { initial: 1, decaySteps: 2 };
/** Of factories that have essential options: the least that they take. */
const essential: Readonly<Record<string, object>> = {
  "layers.dense": { units: 2 },
  "layers.denseTranspose": { of: layers.dense(2) },
  "layers.activation": { activation: "relu" },
  "layers.dropout": { rate: 0.5 },
  "layers.alphaDropout": { rate: 0.5 },
  "layers.gaussianDropout": { rate: 0.5 },
  "layers.gaussianNoise": { stddev: 0.5 },
  "layers.reshape": { targetShape: [2] },
  "layers.rescaling": { scale: 2 },
  "layers.dot": { axes: 1 },
  "schedules.exponentialDecay": { ...decay, decayRate: 0.5 },
  "schedules.inverseTimeDecay": { ...decay, decayRate: 0.5 },
  "schedules.power": { ...decay, power: 1 },
  "schedules.polynomialDecay": decay,
  "schedules.piecewiseConstant": { boundaries: [1], values: [1, 2] },
  "schedules.stepDecay": { initial: 1, stepSize: 3 },
  "schedules.cosineDecay": decay,
  "schedules.cosineDecayRestarts": { initial: 1, firstDecaySteps: 3 },
  "schedules.warmup": { schedule: 1, steps: 4 },
  "schedules.oneCycle": { maxLearningRate: 1, totalSteps: 10 },
  "schedules.oneCycleBook": { maxLearningRate: 1, totalSteps: 31 },
  "callbacks.learningRateScheduler": { schedule: () => 1 },
  "callbacks.modelCheckpoint": { write: () => {} },
};

/** Of no use for any option: an object that nothing makes, and no number. */
const useless = [{ nonsense: 1 }, NaN, Symbol("nonsense")];

function errorOf(act: () => unknown): Error | undefined {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}

/** The word with its second and third letters swapped. */
const misspelt = (word: string): string => `${word[0]}${word[2]}${word[1]}${word.slice(3)}`;

describe.each(Object.entries(families))("%s", (family, table) => {
  it.each(Object.entries(table))("%s", (name, factory) => {
    const least = essential[`${family}.${name}`] ?? {};
    factory(least);
    const unknown = errorOf(() => factory({ ...least, nonsense: 1 }));
    expect(unknown).toBeInstanceOf(TypeError);
    const form = new RegExp(`^(?:${family}\\.)?${name}: unknown option "nonsense"\\. Known: ([^.]*)\\.$`);
    expect(unknown!.message).toMatch(form);
    const known = form
      .exec(unknown!.message)![1]!
      .split(", ")
      .filter((key) => key !== "");

    for (const key of known) {
      if (key[1] !== key[2] && key.length > 3) {
        expect(errorOf(() => factory({ ...least, [misspelt(key)]: 1 }))!.message).toMatch(/Did you mean "\w+"\?$/);
      }
      for (const value of useless) {
        const error = errorOf(() => factory({ ...least, [key]: value }));
        const label = `${key}: ${String(typeof value === "object" ? JSON.stringify(value) : value)}`;
        expect(error, label).toBeDefined();
        expect(error instanceof TypeError || error instanceof RangeError, `${label}: ${error}`).toBe(true);
        expect(error!.message, label).toContain(key);
      }
    }
    for (const options of [null, "nonsense", [NaN], NaN]) {
      const error = errorOf(() => factory(options));
      expect(error instanceof TypeError || error instanceof RangeError, String(options)).toBe(true);
    }
  });
});
