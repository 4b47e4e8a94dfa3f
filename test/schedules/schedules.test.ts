import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { scheduleConfig, scheduleFromConfig, schedules } from "../../src/schedules/index.js";
import { halfCosine, type NamedSchedule } from "../../src/schedules/schedule.js";
import { expectClose } from "../closeness.js";

interface Golden {
  cases: { name: string; options: Record<string, unknown>; learningRate: number[]; momentum?: number[] }[];
}

/** Goldens hold nine digits; Keras computes cosines in f32. */
const NINE_DIGITS = 5.1e-9;
const KERAS_COSINE = 2e-7;

const golden = JSON.parse(readFileSync(new URL("../golden/schedules.json", import.meta.url), "utf8")) as Golden;

/** Valid options of every schedule; all but the first two kinds are Géron's, which neither library has. */
const EXAMPLES: Record<keyof typeof schedules, object> = {
  exponentialDecay: { initial: 0.1, decaySteps: 10, decayRate: 0.5 },
  inverseTimeDecay: { initial: 0.1, decaySteps: 10, decayRate: 0.5 },
  power: { initial: 0.1, decaySteps: 10, power: 1.5 },
  polynomialDecay: { initial: 0.1, decaySteps: 10 },
  piecewiseConstant: { boundaries: [3, 8], values: [3, 2, 1] },
  stepDecay: { initial: 0.1, stepSize: 3 },
  cosineDecay: { initial: 0.1, decaySteps: 10 },
  cosineDecayRestarts: { initial: 0.1, firstDecaySteps: 3 },
  warmup: { schedule: schedules.power({ initial: 1, decaySteps: 3 }), steps: 4 },
  oneCycle: { maxLearningRate: 1, totalSteps: 10 },
  oneCycleBook: { maxLearningRate: 1, totalSteps: 31 },
};

type Made = NamedSchedule | { learningRate: NamedSchedule; momentum: NamedSchedule };

function make(name: string, options: object): Record<string, NamedSchedule> {
  const made = (schedules[name as keyof typeof schedules] as (options: object) => Made)(options);
  return typeof made === "function" ? { learningRate: made } : made;
}

function values(schedule: (step: number) => number, steps: number): number[] {
  return Array.from({ length: steps }, (_, step) => schedule(step));
}

describe("schedules against Keras and PyTorch, step by step", () => {
  it.each(golden.cases.map((c) => [`${c.name} ${JSON.stringify(c.options)}`, c] as const))("%s", (label, c) => {
    const inner = c.options["schedule"];
    const options = inner === undefined ? c.options : { ...c.options, schedule: scheduleFromConfig("test", inner) };
    const made = make(c.name, options);
    const bounds = c.name.startsWith("cosine") ? { absolute: KERAS_COSINE * 0.1 } : { relative: NINE_DIGITS };
    expectClose(values(made["learningRate"]!, c.learningRate.length), c.learningRate, { ...bounds, label });
    if (c.momentum !== undefined) {
      expectClose(values(made["momentum"]!, c.momentum.length), c.momentum, { ...bounds, label: `${label} momentum` });
    }
  });
});

it("every schedule that Keras or PyTorch has is in the goldens", () => {
  const known = Object.keys(schedules).filter((name) => name !== "power" && name !== "oneCycleBook");
  expect(new Set(golden.cases.map(({ name }) => name))).toEqual(new Set(known));
});

describe("schedules by hand", () => {
  it("power: initial / (1 + t / s)^c", () => {
    const schedule = schedules.power({ initial: 0.1, decaySteps: 10 });
    expect(values(schedule, 31)[10]).toBe(0.05);
    expect(values(schedule, 31)[30]).toBe(0.025);
    expect(schedules.power({ initial: 0.1, decaySteps: 10, power: 2 })(10)).toBe(0.025);
  });

  it("oneCycle: the published ten steps", () => {
    const { learningRate, momentum } = schedules.oneCycle({ maxLearningRate: 1, totalSteps: 10 });
    const rounded = values(learningRate, 10).map((value) => Number(value.toFixed(5)));
    expect(rounded.slice(0, 5)).toEqual([0.04, 0.52, 1, 0.95048, 0.81175]);
    expect(learningRate(9)).toBeCloseTo(4e-6, 12);
    expect(learningRate(1000)).toBe(learningRate(9));
    expectClose(values(momentum, 3), [0.95, 0.9, 0.85], { relative: 1e-12 });
    expect(momentum(9)).toBeCloseTo(0.95, 12);
  });

  it("oneCycleBook: straight up, straight down, then almost to nothing", () => {
    const { learningRate, momentum } = schedules.oneCycleBook({ maxLearningRate: 1, totalSteps: 31 });
    // last 31 / 10 + 1 = 4 steps, half (31 - 4) / 2 = 13: start .1, peak at 13, .1 at 26, .0001 at 31.
    expectClose(values(learningRate, 3), [0.1, 0.1 + 0.9 / 13, 0.1 + 1.8 / 13], { relative: 1e-12 });
    expect(learningRate(13)).toBe(1);
    expectClose([learningRate(14), learningRate(25)], [1 - 0.9 / 13, 0.1 + 0.9 / 13], { relative: 1e-12 });
    expect(learningRate(26)).toBeCloseTo(0.1, 12);
    expect(learningRate(30)).toBeCloseTo(0.1 + (0.0001 - 0.1) * 0.8, 12);
    expect(learningRate(31)).toBeCloseTo(0.0001, 12);
    expect(learningRate(99)).toBe(learningRate(31));
    expect([momentum(0), momentum(13), momentum(30)]).toEqual([0.95, 0.85, 0.95]);
    expect(momentum(26)).toBeCloseTo(0.95, 12);
  });

  it("1cycle of very few steps stays within its bounds", () => {
    for (let totalSteps = 1; totalSteps <= 6; totalSteps++) {
      for (const factory of [schedules.oneCycle, schedules.oneCycleBook]) {
        for (const warmupFraction of factory === schedules.oneCycle ? [0, 0.25, 0.5, 1] : [undefined]) {
          const options = warmupFraction === undefined ? {} : { warmupFraction };
          const { learningRate, momentum } = factory({ maxLearningRate: 1, totalSteps, ...options });
          for (let t = 0; t < totalSteps + 2; t++) {
            expect(learningRate(t)).toBeGreaterThan(0);
            expect(learningRate(t)).toBeLessThanOrEqual(1);
            expect(momentum(t)).toBeGreaterThanOrEqual(0.85 - 1e-12);
            expect(momentum(t)).toBeLessThanOrEqual(0.95 + 1e-12);
          }
        }
      }
    }
  });

  it("half a cosine is within 2^-52 of it, as Math.cos's is, and its ends are exact", () => {
    for (let i = 0; i <= 1000; i++) {
      const other = (1 + Math.cos((Math.PI * i) / 1000)) / 2;
      expect(Math.abs(halfCosine(i / 1000) - other)).toBeLessThanOrEqual(2 * 2 ** -52);
    }
    expect([0, 0.5, 1].map(halfCosine)).toEqual([1, 0.5, 0]);
  });

  it("cosineDecayRestarts restarts at exactly the period's end, however many there were", () => {
    for (const [first, tMul] of [
      [3, 2],
      [10, 1.1],
      [10, 1],
      [8, 1.5],
      [7, 3],
    ] as const) {
      const schedule = schedules.cosineDecayRestarts({ initial: 1, firstDecaySteps: first, tMul });
      for (
        let start = 0, length: number = first, i = 0;
        start < 1e6 && i < 1000;
        start += length, length *= tMul, i++
      ) {
        const step = Math.round(start);
        if (Math.abs(step - start) > 1e-9) continue; // restarts between two steps
        expect(schedule(step), `${first}, ${tMul}, ${step}`).toBeCloseTo(1, 9);
        if (step > 0) expect(schedule(step - 1)).toBeLessThan(0.3);
      }
    }
  });

  it("cosineDecayRestarts takes no longer however many periods have ended", () => {
    for (const tMul of [1, 1 + 1e-15, 1.5]) {
      const schedule = schedules.cosineDecayRestarts({ initial: 1, firstDecaySteps: 1e-9, tMul });
      expect(schedule(Number.MAX_SAFE_INTEGER)).toBeLessThanOrEqual(1);
      expect(schedule(Number.MAX_SAFE_INTEGER)).toBeGreaterThanOrEqual(0);
    }
  });

  it("warmup before a constant, and none at all", () => {
    const schedule = schedules.warmup({ schedule: 0.3, steps: 4, startFactor: 0 });
    expectClose(values(schedule, 6), [0, 0.075, 0.15, 0.225, 0.3, 0.3], { relative: 1e-15 });
    expect(schedules.warmup({ schedule: 0.3, steps: 0 })(0)).toBe(0.3);
  });
});

describe("warmup before any schedule", () => {
  it.each(Object.entries(EXAMPLES))("%s", (name, options) => {
    const after = make(name, options)["learningRate"]!;
    const schedule = schedules.warmup({ schedule: after, steps: 4, startFactor: 0.5 });
    const first = after(0);
    const rising = [0.5, 0.625, 0.75, 0.875].map((part) => part * first);
    expectClose(values(schedule, 4), rising, { relative: 1e-15, absolute: 0 });
    expect(Array.from({ length: 40 }, (_, t) => schedule(t + 4))).toEqual(values(after, 40));
  });
});

describe("configs", () => {
  it.each(Object.entries(EXAMPLES))("%s survives plain JSON", (name, options) => {
    for (const schedule of Object.values(make(name, options))) {
      const config = JSON.parse(JSON.stringify(scheduleConfig("test", schedule)));
      expect(config.schedule).toBe(name);
      expect(values(scheduleFromConfig("test", config), 40)).toEqual(values(schedule, 40));
    }
  });

  it("keeps a user's own function by its name", () => {
    const halving = (step: number): number => 1 / (step + 1);
    const config = scheduleConfig("test", schedules.warmup({ schedule: halving, steps: 2 }));
    const again = scheduleFromConfig("test", JSON.parse(JSON.stringify(config)), { halving });
    expect(values(again, 9)).toEqual(values(schedules.warmup({ schedule: halving, steps: 2 }), 9));
    expect(() => scheduleFromConfig("test", config)).toThrow('Unknown schedule of your own "halving"');
    expect(() =>
      scheduleConfig(
        "saveModel",
        (
          () => () =>
            1
        )(),
      ),
    ).toThrow(
      "saveModel: a schedule of one's own must be a named function to be saved. Received: schedule=a function.",
    );
  });

  it("refuses what is no config", () => {
    expect(() => scheduleFromConfig("test", { schedule: "powr", options: {} })).toThrow(
      'Unknown schedule "powr". Known: cosineDecay, cosineDecayRestarts, exponentialDecay, inverseTimeDecay, oneCycle, ' +
        'oneCycleBook, piecewiseConstant, polynomialDecay, power, stepDecay, warmup. Did you mean "power"?',
    );
    expect(() => scheduleFromConfig("test", null)).toThrow("test: options must be an object. Received: options=null.");
    let nested: object = { schedule: "stepDecay", options: EXAMPLES.stepDecay };
    for (let i = 0; i < 9; i++) nested = { schedule: "warmup", options: { schedule: nested, steps: 1 } };
    expect(() => scheduleFromConfig("test", nested)).toThrow(
      "test: schedules can be nested 8 deep. Received: depth=9.",
    );
    const pair = { schedule: "oneCycle", options: EXAMPLES.oneCycle };
    expect(() => scheduleFromConfig("test", pair)).toThrow('Unknown part of oneCycle "undefined"');
  });
});

describe("bad options", () => {
  it.each(Object.entries(EXAMPLES))("%s names an unknown option and refuses NaN everywhere", (name, options) => {
    const factory = schedules[name as keyof typeof schedules] as (options: object) => unknown;
    expect(() => factory({ ...options, intial: 1 })).toThrow(`${name}: unknown option "intial". Known: `);
    for (const [key, value] of Object.entries(make(name, options)["learningRate"]!.config.options)) {
      if (typeof value !== "number") continue;
      expect(() => factory({ ...options, [key]: NaN }), key).toThrow(`${name}: ${key} must be `);
      expect(() => factory({ ...options, [key]: -1 }), key).toThrow(`${name}: ${key} must be `);
      expect(() => factory({ ...options, [key]: "1" }), key).toThrow(TypeError);
    }
  });

  it("says what does not fit together", () => {
    expect(() => schedules.piecewiseConstant({ boundaries: [1, 2], values: [1, 2] })).toThrow(
      "piecewiseConstant: values must have one element more than boundaries, 3. Received: values.length=2.",
    );
    expect(() => schedules.piecewiseConstant({ boundaries: [2, 2], values: [1, 2, 3] })).toThrow(
      "piecewiseConstant: boundaries must rise. Received: boundaries[1]=2.",
    );
    expect(() => schedules.cosineDecay({ initial: 1, decaySteps: 2, warmupSteps: 3 })).toThrow(
      "cosineDecay: warmupSteps needs a warmupTarget. Received: warmupSteps=3.",
    );
    expect(() => schedules.oneCycle({ maxLearningRate: 1, totalSteps: 9, shape: "cosin" as "cosine" })).toThrow(
      'oneCycle: shape must be one of "cosine", "linear" (did you mean "cosine"?). Received: shape="cosin".',
    );
    expect(() => schedules.warmup({ schedule: "power" as unknown as number, steps: 3 })).toThrow(
      'warmup: schedule must be a schedule or a number. Received: schedule="power".',
    );
  });
});
