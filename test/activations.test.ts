import { describe, expect, it } from "vitest";
import {
  activationDefinitions,
  activations,
  resolveActivation,
  type Activation,
  type ActivationSpec,
} from "../src/activations.js";
import { readFileSync } from "node:fs";
import { eachBuild, engineOf } from "./builds.js";
import { expectClose } from "./closeness.js";
import { Guarded } from "./guarded.js";

const names = Object.keys(activationDefinitions);

describe("activations", () => {
  it("lists its factories under the names that options take", () => {
    expect(Object.keys(activations)).toEqual(names);
    for (const name of names) expect(resolveActivation("Dense", "activation", name as ActivationSpec).name).toBe(name);
  });

  it("holds hyperparameters in the order of the kernels' arguments, frozen", () => {
    const leaky = activations.leakyRelu({ alpha: 0.1 });
    expect(leaky).toMatchObject({ name: "leakyRelu", options: { alpha: 0.1 }, saved: "y", identity: false });
    expect(activations.leakyRelu().options).toEqual({ alpha: 0.2 });
    expect(activations.relu().options).toEqual({});
    expect(Object.isFrozen(leaky) && Object.isFrozen(leaky.options)).toBe(true);
  });

  it("only linear is the identity", () => {
    const identities = Object.values(activations).filter((factory) => factory().identity);
    expect(identities.map((factory) => factory().name)).toEqual(["linear"]);
  });

  it("passes rows and width to rowwise kernels and hyperparameters to their kernels", () => {
    const engine = engineOf("baseline");
    const x = Guarded.of(engine, [1, 1, -2, -2]);
    activations.softmax().forward(engine.kernels, 2, 2, x.address, x.address);
    expect([...x.read()]).toEqual([0.5, 0.5, 0.5, 0.5]);
    x.values.set([1, -1, -2, 4]);
    activations.leakyRelu({ alpha: 0.5 }).forward(engine.kernels, 2, 2, x.address, x.address);
    expect([...x.read()]).toEqual([1, -0.5, -1, 4]);
  });

  // Closed forms from the definitions: gelu(1) tells the exact form (.8413447) from the tanh form (.8411920).
  it.each([
    ["gelu", 1, 0.8413447],
    ["geluTanh", 1, 0.841192],
    ["hardSigmoid", 1, 4 / 6],
    ["hardSilu", 1, 4 / 6],
    ["leakyRelu", -1, -0.2],
    ["elu", -1, -0.6321206],
    ["selu", -1, -1.1113307],
    ["selu", 1, 1.050701],
    ["celu", -1, -0.6321206],
    ["mish", 1, 0.8650984],
    ["swish", 1, 0.7310586],
    ["softsign", -3, -0.75],
    ["softplus", 0, 0.6931472],
  ] as [ActivationSpec, number, number][])("%s(%d) = %d", (name, at, value) => {
    const engine = engineOf("baseline");
    const x = Guarded.of(engine, [at]);
    resolveActivation("Dense", "activation", name).forward(engine.kernels, 1, 1, x.address, x.address);
    expect(x.read()[0]).toBeCloseTo(value, 6);
  });

  describe("resolveActivation", () => {
    it("takes undefined as linear, swish as silu, and a made activation as it is", () => {
      expect(resolveActivation("Dense", "activation", undefined).name).toBe("linear");
      expect(resolveActivation("Dense", "activation", "swish").name).toBe("silu");
      const elu = activations.elu({ alpha: 2 });
      expect(resolveActivation("Dense", "activation", elu)).toBe(elu);
    });

    it("names the known and the nearest when it does not know a name", () => {
      const unknown = (): unknown => resolveActivation("Dense", "activation", "leekyRelu" as ActivationSpec);
      expect(unknown).toThrow(RangeError);
      expect(unknown).toThrow(
        /^Dense: activation must be one of "linear", "relu", .*"swish" \(did you mean "leakyRelu"\?\)/,
      );
      expect(unknown).toThrow('Received: activation="leekyRelu".');
    });

    it("refuses what is neither a name nor an activation", () => {
      const expected =
        "Dense: activation must be a name or what a factory of activations returns. Received: activation=";
      for (const [wrong, shown] of [
        [activations.relu, "a function."],
        [null, "null."],
        [3, "3."],
        [{ alpha: 1 }, "{ alpha }."],
      ] as const) {
        expect(() => resolveActivation("Dense", "activation", wrong as unknown as ActivationSpec)).toThrow(
          expected + shown,
        );
      }
    });
  });

  it("validates hyperparameters at the factory", () => {
    expect(() => activations.leakyRelu({ alpha: -1 })).toThrow(
      "activations.leakyRelu: alpha must be a finite number in [0, Infinity). Received: alpha=-1.",
    );
    expect(() => activations.celu({ alpha: 0 })).toThrow("alpha must be a finite number in (0, Infinity)");
    expect(() => activations.elu({ alpha: NaN })).toThrow(RangeError);
    expect(() => activations.elu({ alpha: "1" as unknown as number })).toThrow(TypeError);
    expect(() => activations.elu({ alhpa: 1 } as object)).toThrow(
      'activations.elu: unknown option "alhpa". Known: alpha. Did you mean "alpha"?',
    );
    expect(() => (activations.relu as (options: object) => unknown)({ alpha: 1 })).toThrow(
      "activations.relu: unknown option",
    );
  });
});

interface GoldenCase {
  name: keyof typeof activations;
  options: Record<string, number>;
  y: number[];
  dx: number[];
}

interface GoldenPrelu {
  shape: number[];
  sharedAxes: number[] | null;
  x: number[];
  alpha: number[];
  dy: number[];
  y: number[];
  dx: number[];
  dalpha: number[];
}

/** Written by golden/activations.py from Keras 3 and PyTorch in float64. */
const golden = JSON.parse(readFileSync(new URL("golden/activations.json", import.meta.url), "utf8")) as {
  x: number[];
  dy: number[];
  elementwise: GoldenCase[];
  rows: { shape: [number, number]; x: number[]; dy: number[] };
  rowwise: GoldenCase[];
  prelu: GoldenPrelu[];
};
/** Digits of the JSON and of Keras's own f32 constants, beside 5 eps of the kernels. */
const GOLDEN = { relative: 1e-6, absolute: 1e-6 };

eachBuild("activations of Keras and PyTorch", (engine) => {
  const k = engine.kernels;
  const cases = [
    ...golden.elementwise.map((row) => ({ ...row, x: golden.x, dy: golden.dy, shape: [1, golden.x.length] as const })),
    ...golden.rowwise.map((row) => ({ ...row, ...golden.rows })),
  ];

  it.each(cases)("$name $options", ({ name, options, x, dy, y, dx, shape: [rows, width] }) => {
    const activation = (activations[name] as (options: object) => Activation)(options);
    const [X, Y, G] = [x, x, dy].map((values) => Guarded.of(engine, values)) as [Guarded, Guarded, Guarded];
    activation.forward(k, rows, width, X.address, Y.address);
    expectClose(Y.read(), y, { ...GOLDEN, label: "forward" });
    const saved = activation.saved === "x" ? X : Y;
    activation.backward(k, rows, width, saved.address, G.address, G.address);
    const slopes = { ...GOLDEN, absolute: 2 * GOLDEN.absolute };
    expectClose(G.read(), dx, { ...slopes, label: "backward" });
  });

  it("covers every activation", () => {
    expect([...new Set(cases.map((row) => row.name))].sort()).toEqual([...names].sort());
  });

  it.each(golden.prelu)(
    "PReLU, $shape, shared axes $sharedAxes",
    ({ shape, sharedAxes, x, alpha, dy, y, dx, dalpha }) => {
      const [X, A, G, Y, D] = [x, alpha, dy, x, alpha].map((values) => Guarded.of(engine, values)) as Guarded[];
      // Axes before the first unshared one repeat alpha as the batch does, those after the last are inner.
      const unshared = shape.map((_, axis) => axis).filter((axis) => axis > 0 && !sharedAxes?.includes(axis));
      const product = (axes: number[]): number => axes.reduce((count, length) => count * length, 1);
      const outer = product(shape.slice(0, unshared[0]));
      const inner = product(shape.slice(unshared.at(-1)! + 1));
      const size = alpha.length;
      expect(outer * size * inner).toBe(x.length);
      k.preluForward(outer, size, inner, X!.address, A!.address, Y!.address);
      expectClose(Y!.read(), y, { ...GOLDEN, label: "forward" });
      k.preluBackward(outer, size, inner, X!.address, A!.address, G!.address, G!.address, D!.address, 0);
      expectClose(G!.read(), dx, { ...GOLDEN, label: "dx" });
      expectClose(D!.read(), dalpha, { relative: 1e-6, absolute: 4e-6, label: "dalpha" });
    },
  );
});
