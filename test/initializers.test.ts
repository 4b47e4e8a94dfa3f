import { describe, expect, it } from "vitest";
import {
  fansOf,
  initializers,
  resolveInitializer,
  varianceScale,
  type Initializer,
  type InitializerSpec,
  type VarianceScalingOptions,
} from "../src/initializers.js";
import { deriveKey, keyOf, type Key } from "../src/random.js";
import type { Engine } from "../src/runtime/engine.js";
import { eachBuild, engineOf } from "./builds.js";
import { firstDifference } from "./closeness.js";
import golden from "./golden/initializers.json" with { type: "json" };
import { Guarded } from "./guarded.js";

const make = initializers as Record<string, (options?: object) => Initializer>;
const KEY = keyOf(42);
/** A statistic is farther from its mean than this many deviations with probability 1e-4. */
const SIGMAS = 3.89;

function filled(engine: Engine, initializer: Initializer, shape: number[], key: Key = KEY): Float32Array {
  const array = new Guarded(
    engine,
    shape.reduce((a, b) => a * b, 1),
    1,
  );
  initializer.fill(engine, array.address, shape, key);
  const values = array.read();
  array.free();
  return values;
}

describe("the distribution that Keras draws from", () => {
  /** Stands in for the engine: records what an initializer asks of the kernels. */
  function asks(initializer: Initializer, shape: number[]): unknown[] {
    let asked: unknown[] = [];
    const record =
      (kind: string) =>
      (_n: number, _offset: number, _y: number, _k0: number, _k1: number, a: number, b: number): void => {
        asked = [kind, a, b];
      };
    const kernels = {
      uniformFill: record("uniform"),
      normalFill: record("untruncatedNormal"),
      truncatedNormalFill: record("truncatedNormal"),
    };
    initializer.fill({ kernels } as unknown as Engine, 0, shape, KEY);
    return asked;
  }

  it.each(golden.cases)("$name $options, $shape", ({ name, options, shape, draws }) => {
    const [kind, a, b] = asks(make[name]!(options), shape) as [string, number, number];
    expect(kind).toBe(draws[0]);
    expect(a).toBeCloseTo(draws[1] as number, 10);
    expect(b / (draws[2] as number)).toBeCloseTo(1, 10);
  });

  it("fans of dense, convolution, vector and scalar", () => {
    expect(fansOf([784, 300])).toEqual({ fanIn: 784, fanOut: 300 });
    expect(fansOf([3, 3, 16, 32])).toEqual({ fanIn: 144, fanOut: 288 });
    expect(fansOf([7])).toEqual({ fanIn: 7, fanOut: 7 });
    expect(fansOf([])).toEqual({ fanIn: 1, fanOut: 1 });
  });
});

eachBuild("initializers", (engine, build) => {
  const names = Object.keys(initializers);

  it.each(names)("%s is a function of key and shape, the same in every build", (name) => {
    const initializer = make[name]!();
    const a = filled(engine, initializer, [13, 7]);
    expect(firstDifference(a, filled(engine, initializer, [13, 7]))).toBe(-1);
    // Orthogonal and no other goes through fused multiply-adds.
    if (name !== "orthogonal" || build !== "relaxed") {
      expect(firstDifference(a, filled(engineOf("baseline"), initializer, [13, 7]))).toBe(-1);
    }
    const other = filled(engine, initializer, [13, 7], deriveKey(KEY, 1));
    const constant = ["zeros", "ones", "constant", "identity"].includes(name);
    expect(firstDifference(a, other) === -1).toBe(constant);
  });

  it("constants and identity", () => {
    expect(new Set(filled(engine, initializers.zeros(), [3, 3]))).toEqual(new Set([0]));
    expect(new Set(filled(engine, initializers.ones(), [5]))).toEqual(new Set([1]));
    expect(new Set(filled(engine, initializers.constant(2.5), [2]))).toEqual(new Set([2.5]));
    expect([...filled(engine, initializers.identity({ gain: 2 }), [2, 3])]).toEqual([2, 0, 0, 0, 2, 0]);
    expect([...filled(engine, initializers.identity(), [3, 2])]).toEqual([1, 0, 0, 1, 0, 0]);
    expect(() => filled(engine, initializers.identity(), [4])).toThrow(
      "initializers.identity: the weight must have two axes. Received: shape=[4].",
    );
  });

  // 300,000 weights; each statement fails for a correct generator with probability 1e-4. The key is fixed.
  it.each(["glorotUniform", "glorotNormal", "heUniform", "heNormal", "leCunUniform", "leCunNormal"])(
    "%s has mean 0 and the variance that its name promises",
    (name) => {
      const shape = [1000, 300];
      const values = filled(engine, make[name]!(), shape);
      const n = values.length;
      const variance = { g: 2 / 1300, h: 2 / 1000, l: 1 / 1000 }[name[0]!]!;
      const moment = (p: number): number => values.reduce((sum, v) => sum + v ** p, 0) / n;
      expect(Math.abs(moment(1))).toBeLessThan(SIGMAS * Math.sqrt(variance / n));
      const spread = Math.sqrt((moment(4) - moment(2) ** 2) / n);
      expect(Math.abs(moment(2) - variance)).toBeLessThan(SIGMAS * spread);
      const limit = name.endsWith("Uniform") ? Math.sqrt(3 * variance) : (2 * Math.sqrt(variance)) / 0.8796256610342398;
      expect(values.every((v) => Math.abs(v) <= limit * (1 + 1e-7))).toBe(true);
      expect(values.some((v) => Math.abs(v) > limit * 0.999)).toBe(true);
    },
  );

  it("heNormal of 1000 inputs has deviation .0447, not .0394", () => {
    const values = filled(engine, initializers.heNormal(), [1000, 100]);
    const std = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    expect(std).toBeCloseTo(0.0447, 3);
  });

  it.each([[[5, 5]], [[8, 3]], [[3, 8]], [[1, 4]], [[4, 1]], [[3, 3, 2, 20]], [[64, 65]]])(
    "orthogonal %j has orthonormal rows or columns",
    (shape) => {
      const w = filled(engine, initializers.orthogonal({ gain: 2 }), shape);
      const n = shape.at(-1)!;
      const rows = w.length / n;
      const [count, length] = rows <= n ? [rows, n] : [n, rows];
      const at = (vector: number, i: number): number => (rows <= n ? w[vector * n + i]! : w[i * n + vector]!) / 2;
      for (let a = 0; a < count; a++) {
        for (let b = 0; b <= a; b++) {
          let dot = 0;
          for (let i = 0; i < length; i++) dot += at(a, i) * at(b, i);
          expect(Math.abs(dot - Number(a === b))).toBeLessThan(2e-6);
        }
      }
    },
  );

  it("orthogonal matrices are uniform: signs of any entry are even, and its square has mean 1/n", () => {
    const draws = 400;
    let positive = 0;
    let squares = 0;
    for (let i = 0; i < draws; i++) {
      const w = filled(engine, initializers.orthogonal(), [3, 3], deriveKey(KEY, i));
      positive += Number(w[0]! > 0);
      squares += w[0]! ** 2;
    }
    expect(Math.abs(positive - draws / 2)).toBeLessThan(SIGMAS * Math.sqrt(draws / 4));
    // A squared entry has mean 1/3 and variance 2 * 2 / (9 * 5).
    expect(Math.abs(squares / draws - 1 / 3)).toBeLessThan(SIGMAS * Math.sqrt(4 / 45 / draws));
  });

  it("orthogonal leaves no scratch behind and refuses vectors", () => {
    const used = engine.arena.usedBytes;
    filled(engine, initializers.orthogonal(), [9, 2]);
    expect(engine.arena.usedBytes).toBe(used);
    expect(() => filled(engine, initializers.orthogonal(), [9])).toThrow("the weight must have at least two axes");
  });
});

describe("options", () => {
  it("have Keras's defaults", () => {
    expect(initializers.randomNormal().options).toEqual({ mean: 0, stddev: 0.05 });
    expect(initializers.truncatedNormal().options).toEqual({ mean: 0, stddev: 0.05 });
    expect(initializers.randomUniform().options).toEqual({ minValue: -0.05, maxValue: 0.05 });
    expect(initializers.varianceScaling().options).toEqual({
      scale: 1,
      mode: "fanIn",
      distribution: "truncatedNormal",
    });
    expect(initializers.orthogonal().options).toEqual({ gain: 1 });
  });

  it("rebuild the same initializer", () => {
    for (const [name, factory] of Object.entries(make)) {
      const first = factory();
      expect(first.name).toBe(name);
      expect(factory(first.options).options).toEqual(first.options);
    }
  });

  it("give PyTorch's families too", () => {
    const scale = (options: VarianceScalingOptions, shape: number[]): number =>
      varianceScale({ scale: 1, mode: "fanIn", distribution: "uniform", ...options }, shape);
    expect(scale({ scale: 1 / 3 }, [16, 4])).toBeCloseTo(1 / 4, 12); // nn.Linear: 1 / sqrt(fan in)
    expect(scale({ scale: 2, distribution: "untruncatedNormal" }, [8, 4])).toBeCloseTo(0.5, 12); // kaiming_normal_
  });

  it("are validated once, at the factory", () => {
    expect(() => initializers.randomUniform({ minValue: 1, maxValue: 0 })).toThrow(
      "initializers.randomUniform: maxValue must be a finite number in [1, Infinity). Received: maxValue=0.",
    );
    expect(() => initializers.randomNormal({ stddev: -1 })).toThrow("stddev must be a finite number in [0, Infinity)");
    expect(() => initializers.varianceScaling({ mode: "fan_in" as "fanIn" })).toThrow('did you mean "fanIn"?');
    expect(() => make["heNormal"]!({ seed: 1 })).toThrow('initializers.heNormal: unknown option "seed"');
    expect(() => resolveInitializer("dense", "kernelInitializer", "heNorma" as InitializerSpec)).toThrow(
      'Did you mean "heNormal"?',
    );
    expect(() => resolveInitializer("dense", "kernelInitializer", 3 as unknown as InitializerSpec)).toThrow(
      "dense: kernelInitializer must be a name or made by initializers. Received: kernelInitializer=3.",
    );
    expect(resolveInitializer("dense", "kernelInitializer", "ones").name).toBe("ones");
  });
});
