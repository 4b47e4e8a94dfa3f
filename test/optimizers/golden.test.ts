import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { optimizers } from "../../src/optimizers/index.js";
import type { OptimizerSpec } from "../../src/optimizers/define-optimizer.js";
import { schedules } from "../../src/schedules/index.js";
import { eachBuild } from "../builds.js";
import { benchOf } from "./harness.js";

interface Golden {
  decay: { initial: number; decaySteps: number; decayRate: number };
  initial: Record<string, number[]>;
  gradients: number[][][];
  /** Numbers of the steps after which the parameters are in `shown`. */
  shown: number[];
  cases: { name: string; options: Record<string, unknown>; shown: number[][][]; averages?: number[][] }[];
}

/**
 * Distance from Keras and PyTorch, which compute in f32 too, relative to a weight's way: its first size and the sum of
 * its changes. (A weight that ends near 0 cannot be compared with itself.)
 */
const RELATIVE = 1e-6;
/** Keras computes Adam's 1 - beta2^t in f32: its step sizes are off by 100 to 170 units of 2^-24. */
const KERAS_ADAM = 170 * 2 ** -24;

const golden = JSON.parse(readFileSync(new URL("../golden/optimizers.json", import.meta.url), "utf8")) as Golden;

function specOf(name: string, options: Record<string, unknown>): OptimizerSpec {
  const learningRate =
    options["learningRate"] === "decay" ? schedules.exponentialDecay(golden.decay) : options["learningRate"];
  const factory = optimizers[name as keyof typeof optimizers] as (options: object) => OptimizerSpec;
  return factory({ ...options, learningRate });
}

function expectWithin(
  got: ArrayLike<number>,
  expected: number[],
  ways: number[],
  relative: number,
  label: string,
): void {
  expected.forEach((value, j) => {
    if (Math.abs(got[j]! - value) <= relative * ways[j]!) return;
    throw new Error(`${label} [${j}]: got ${got[j]}, expected ${value} within ${relative} of ${ways[j]}`);
  });
}

it("has goldens of every optimizer, in every preset that it has", () => {
  for (const [name, { definition }] of Object.entries(optimizers)) {
    const presets = new Set(golden.cases.filter((c) => c.name === name).map((c) => c.options["compat"] ?? "keras"));
    expect([...presets].sort()).toEqual(definition.torch === undefined ? ["keras"] : ["keras", "torch"]);
  }
});

eachBuild("optimizers against Keras and PyTorch", (engine) => {
  it.each(golden.cases.map((c) => [`${c.name} ${JSON.stringify(c.options)}`, c] as const))("%s", (label, c) => {
    const names = Object.keys(golden.initial);
    const bench = benchOf(engine, specOf(c.name, c.options), Object.values(golden.initial), { names });
    const keras = c.options["compat"] === undefined;
    const relative = RELATIVE + (keras && ["adam", "adamW", "nadam"].includes(c.name) ? KERAS_ADAM : 0);
    const ways = Object.values(golden.initial).map((values) => values.map(Math.abs));
    golden.gradients.forEach((gradients, step) => {
      const before = bench.thetas.map((theta) => theta.read());
      bench.step(gradients);
      const after = bench.thetas.map((theta) => theta.read());
      ways.forEach((way, i) => way.forEach((_, j) => (way[j]! += Math.abs(after[i]![j]! - before[i]![j]!))));
      const shown = golden.shown.indexOf(step + 1);
      if (shown < 0) return;
      c.shown[shown]!.forEach((expected, i) => {
        expectWithin(after[i]!, expected, ways[i]!, relative, `${label}, step ${step + 1}, ${names[i]}`);
      });
    });
    c.averages?.forEach((expected, i) => {
      const { average } = bench.run.state(bench.items[i]!.parameter)!.slots;
      expectWithin(
        engine.floats(average!, expected.length),
        expected,
        ways[i]!,
        relative,
        `${label}, average of ${names[i]}`,
      );
    });
    bench.free();
  });
});
