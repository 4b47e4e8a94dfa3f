/** Walks the table of activations: a new row is tested here without a test of its own. */
import { describe, expect, it } from "vitest";
import { activationDefinitions, activations, type Activation, type ActivationName } from "../../src/activations.js";
import type { Engine } from "../../src/runtime/engine.js";
import { eachBuild } from "../builds.js";
import { expectClose, firstDifference } from "../closeness.js";
import { Guarded, seeded, SIZES, SPECIALS } from "../guarded.js";
import { elementwiseReferences, rowReferences } from "../reference/activations.js";
import { elementwiseTwins, rowTwins } from "../reference/activations-twin.js";

const EPSILON = 2 ** -23;
/** Forward against float64: relative, and absolute below 1e-37, where a product of a subnormal loses digits. */
const FORWARD = { relative: 5 * EPSILON, absolute: 1e-40 };
/**
 * Where a formula multiplies x by a gate that underflows, by 1 - (1 - p), or takes x + 3, the error stays small beside
 * 1, not beside the result.
 */
const FORWARD_ABSOLUTE: Partial<Record<ActivationName, number>> = { gelu: EPSILON, geluTanh: EPSILON, silu: 1e-38, mish: 1e-38 };
/** dx against float64, beside |dy| max(1, |f'|): the saved y is itself a rounded number. */
const BACKWARD = 4 * EPSILON;

type Elementwise = keyof typeof elementwiseReferences;
type Rowwise = keyof typeof rowReferences;

const names = Object.keys(activationDefinitions) as ActivationName[];
const rowwise = names.filter((name) => "rowwise" in activationDefinitions[name]) as Rowwise[];
const elementwise = names.filter((name) => !(rowwise as string[]).includes(name)) as Elementwise[];

/** Each activation with its defaults, and once more with other hyperparameters if it has any. */
function variants(name: Elementwise): Activation[] {
  const factory = activations[name] as (options?: Record<string, number>) => Activation;
  const made = [factory()];
  const keys = Object.keys(made[0]!.options);
  if (keys.length > 0) made.push(factory(Object.fromEntries(keys.map((key) => [key, 0.7]))));
  return made;
}

/** 1021 arguments: special values, then numbers of all sizes that matter, away from nothing. */
function values(seed: number): Float32Array {
  const random = seeded(seed);
  return Float32Array.from({ length: 1021 }, (_, i) => SPECIALS[i] ?? (random() - 0.5) * [1e-3, 4, 20, 200][i & 3]!);
}

function run(engine: Engine, x: Float32Array, misalignment: number, kernel: (x: number, y: number) => void): Float32Array {
  const X = Guarded.of(engine, x, misalignment);
  const Y = new Guarded(engine, x.length, misalignment);
  kernel(X.address, Y.address);
  expect(firstDifference(X.read(), x), "the input was changed").toBe(-1);
  const out = Y.read();
  for (const array of [X, Y]) array.free();
  return out;
}

eachBuild("activations", (engine, build) => {
  const k = engine.kernels;

  describe.each(elementwise)("%s", (name) => {
    const reference = elementwiseReferences[name];
    const twin = elementwiseTwins[name];
    it.each(variants(name).map((activation) => [activation.options, activation] as const))("%j", (_, activation) => {
      const alpha = Math.fround(Object.values(activation.options)[0] ?? 0);
      const x = values(7);
      const dy = values(8).map((value) => (Math.abs(value) < 1000 ? value : 1));
      const n = x.length;
      const y = run(engine, x, 0, (X, Y) => activation.forward(k, 1, n, X, Y));
      const saved = activation.saved === "x" ? x : y;

      const want = Array.from(x, (value) => {
        const exact = reference.forward(value, alpha);
        return Number.isFinite(Math.fround(exact)) ? exact : Math.fround(exact);
      });
      expectClose(y, want, { ...FORWARD, absolute: FORWARD_ABSOLUTE[name] ?? FORWARD.absolute, label: `${name} forward` });
      expect(
        want.findIndex((value, i) => Number.isNaN(value) !== Number.isNaN(y[i])),
        "NaN exactly where the formula has none",
      ).toBe(-1);

      const gradient = (s: Float32Array, g: Float32Array, misalignment = 0): Float32Array => {
        const G = Guarded.of(engine, g, misalignment);
        const out = run(engine, s, misalignment, (S, DX) => activation.backward(k, 1, s.length, S, G.address, DX));
        G.free();
        return out;
      };
      const dx = gradient(saved, dy);
      const wrong = x.findIndex((value, i) => {
        const slope = reference.derivative(value, alpha);
        // A NaN shows in the forward pass; which gradient it has is nobody's business.
        if (!Number.isFinite(Math.fround(dy[i]! * slope))) return false;
        return !(Math.abs(dx[i]! - dy[i]! * slope) <= BACKWARD * Math.abs(dy[i]!) * Math.max(1, Math.abs(slope)) + 1e-44);
      });
      expect(wrong, `dx at x = ${x[wrong]}, dy = ${dy[wrong]} is ${dx[wrong]}`).toBe(-1);

      if (build !== "relaxed") {
        const forward = firstDifference(y, x.map((value) => twin.forward(value, alpha)));
        expect(forward, `forward differs from the scalar twin at ${x[forward]}`).toBe(-1);
        const backward = firstDifference(dx, dy.map((value, i) => twin.backward(saved[i]!, value, alpha)));
        expect(backward, `backward differs from the scalar twin at ${saved[backward]}`).toBe(-1);
      }

      // The same bits at every size, alignment and position, in place and not.
      for (const size of SIZES) {
        for (const offset of [0, 3]) {
          const part = x.subarray(offset, offset + size);
          const length = part.length;
          const wantY = y.subarray(offset, offset + length);
          const wantDx = dx.subarray(offset, offset + length);
          const partSaved = saved.subarray(offset, offset + length);
          const partDy = dy.subarray(offset, offset + length);
          const gotY = run(engine, part, offset, (X, Y) => activation.forward(k, length, 1, X, Y));
          expect(firstDifference(gotY, wantY), `n = ${length}`).toBe(-1);
          expect(firstDifference(gradient(partSaved, partDy, offset), wantDx), `backward, n = ${length}`).toBe(-1);
          const inPlace = Guarded.of(engine, part, offset);
          activation.forward(k, 1, length, inPlace.address, inPlace.address);
          expect(firstDifference(inPlace.read(), wantY), `in place, n = ${length}`).toBe(-1);
          const S = Guarded.of(engine, partSaved, offset);
          const G = Guarded.of(engine, partDy, offset);
          activation.backward(k, 1, length, S.address, G.address, G.address);
          expect(firstDifference(G.read(), wantDx), `dx in dy, n = ${length}`).toBe(-1);
          G.values.set(partDy);
          activation.backward(k, 1, length, S.address, G.address, S.address);
          expect(firstDifference(S.read(), wantDx), `dx in saved, n = ${length}`).toBe(-1);
          for (const array of [inPlace, S, G]) array.free();
        }
      }
    });
  });

  describe.each(rowwise)("%s", (name) => {
    const activation = activations[name]();
    const reference = rowReferences[name];
    const twin = rowTwins[name];
    const random = seeded(9);
    const draw = (n: number, scale: number): Float32Array => Float32Array.from({ length: n }, () => (random() - 0.5) * scale);

    const shapes = [1, 2, 3].flatMap((rows) => SIZES.slice(1).map((width) => [rows, width] as const));
    it.each(shapes)("[%i, %i]", (rows, width) => {
      for (const scale of [2, 60]) {
        const x = draw(rows * width, scale);
        const dy = draw(rows * width, 2);
        const y = run(engine, x, 1, (X, Y) => activation.forward(k, rows, width, X, Y));
        const G = Guarded.of(engine, dy, 1);
        const dx = run(engine, y, 1, (Y, DX) => activation.backward(k, rows, width, Y, G.address, DX));
        for (let row = 0; row < rows; row++) {
          const range = [row * width, (row + 1) * width] as const;
          const [xs, ys, gs, dxs] = [x, y, dy, dx].map((array) => array.subarray(...range)) as Float32Array[];
          // Rounding of x - max counts as much as x is large; a sum of n terms adds n / 4 roundings.
          const relative = (scale + 4 + width / 4) * EPSILON;
          const absolute = name === "logSoftmax" ? relative : 1e-37;
          expectClose(ys!, reference.forward([...xs!]), { relative, absolute, label: "forward" });
          expectClose(dxs!, reference.backward([...xs!], [...gs!]), { absolute: 4 * relative, label: "backward" });
          if (build === "relaxed") continue;
          expect(firstDifference(ys!, twin.forward(xs!)), "forward differs from the scalar twin").toBe(-1);
          expect(firstDifference(dxs!, twin.backward(ys!, gs!)), "backward differs from the scalar twin").toBe(-1);
        }
        const inPlace = Guarded.of(engine, x, 1);
        activation.forward(k, rows, width, inPlace.address, inPlace.address);
        expect(firstDifference(inPlace.read(), y), "in place").toBe(-1);
        activation.backward(k, rows, width, inPlace.address, G.address, inPlace.address);
        expect(firstDifference(inPlace.read(), dx), "dx in y").toBe(-1);
        inPlace.values.set(y);
        activation.backward(k, rows, width, inPlace.address, G.address, G.address);
        expect(firstDifference(G.read(), dx), "dx in dy").toBe(-1);
        for (const array of [G, inPlace]) array.free();
      }
    });

    it("is stable far from 0, takes -Infinity as impossible, and shows NaN", () => {
      for (const row of [
        [1e30, 1e30, -1e30, 0, 5],
        [-Infinity, 3, -Infinity, 2, 1, 0],
        [1000, 1001, 1002],
        [-1000],
      ]) {
        const x = Float32Array.from(row);
        const y = run(engine, x, 0, (X, Y) => activation.forward(k, 1, row.length, X, Y));
        expectClose(y, reference.forward([...x]), { relative: 4 * EPSILON, label: row.join() });
      }
      for (const row of [
        [1, NaN, 2, 0, 4],
        [1, 2, 3, 4, 5, NaN],
        [NaN, 1],
      ]) {
        const y = run(engine, Float32Array.from(row), 0, (X, Y) => activation.forward(k, 1, row.length, X, Y));
        expect(y.every(Number.isNaN), row.join()).toBe(true);
      }
    });
  });

  it.each([
    [3, 5, 1],
    [1, 1, 1],
    [4, 17, 1],
    [2, 3, 7],
    [3, 1, 16],
    [2, 2, 5],
    [0, 3, 1],
  ])("prelu, [outer, size, inner] = [%i, %i, %i]", (outer, size, inner) => {
    const random = seeded(3);
    const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random() * 4 - 2);
    const n = outer * size * inner;
    const [x, dy, alpha, before] = [draw(n), draw(n), draw(size), draw(size)] as const;
    const slope = (i: number): number => alpha[Math.floor(i / inner) % size]!;
    const [X, G, A, D] = [x, dy, alpha, before].map((array) => Guarded.of(engine, array, 1)) as Guarded[];
    const Y = new Guarded(engine, n, 1);
    k.preluForward(outer, size, inner, X!.address, A!.address, Y.address);
    expect(firstDifference(Y.read(), x.map((value, i) => (value > 0 ? value : slope(i) * value)))).toBe(-1);

    for (const beta of [1, 0.5, 0]) {
      D!.values.set(beta === 0 ? before.map(() => NaN) : before);
      k.preluBackward(outer, size, inner, X!.address, A!.address, G!.address, Y.address, D!.address, beta);
      expect(firstDifference(Y.read(), dy.map((value, i) => (x[i]! > 0 ? value : slope(i) * value)))).toBe(-1);
      const want = Array.from(before, (value) => (beta === 0 ? 0 : beta * value));
      for (let i = 0; i < n; i++) want[Math.floor(i / inner) % size]! += x[i]! > 0 ? 0 : dy[i]! * x[i]!;
      expectClose(D!.read(), want, { absolute: 1e-5, relative: 1e-6, label: `dalpha, beta = ${beta}` });
    }
    k.preluBackward(outer, size, inner, X!.address, A!.address, G!.address, G!.address, D!.address, 0);
    expect(firstDifference(G!.read(), Y.read()), "dx in dy").toBe(-1);
    for (const array of [X!, G!, A!, D!, Y]) array.free();
  });

  it.each(SIZES)("rrelu, n = %i", (n) => {
    const random = seeded(4);
    const draw = (low: number, high: number): Float32Array =>
      Float32Array.from({ length: n }, () => low + (high - low) * random());
    const [x, dy, slope] = [draw(-2, 2), draw(-2, 2), draw(1 / 8, 1 / 3)] as const;
    const [X, G, S] = [x, dy, slope].map((array) => Guarded.of(engine, array, 1)) as Guarded[];
    k.rreluForward(n, X!.address, S!.address, X!.address);
    expect(firstDifference(X!.read(), x.map((value, i) => (value > 0 ? value : slope[i]! * value)))).toBe(-1);
    k.rreluBackward(n, X!.address, S!.address, G!.address, G!.address);
    expect(firstDifference(G!.read(), dy.map((value, i) => (x[i]! > 0 ? value : slope[i]! * value)))).toBe(-1);
    for (const array of [X!, G!, S!]) array.free();
  });
});
