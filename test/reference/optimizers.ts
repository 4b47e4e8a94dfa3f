/**
 * Optimizers, twice, as plain scalar loops:
 *
 * - `formulas`: the published rules in float64, with powers where they stand in the paper: what is right;
 * - `twins`: the same in f32, every operation rounded, in the order of the kernels: the baseline build bit for bit.
 *
 * Both update one element. `ReferenceOptimizer` runs either of them over arrays with everything that a training step
 * does around the rule.
 */
import { pow } from "../../src/runtime/math.js";
import { valueAt } from "../../src/schedules/schedule.js";

export type Hyper = Readonly<Record<string, number>> & { readonly compat: "keras" | "torch" } & Readonly<
    Record<string, unknown>
  >;

/** State of one element, by slot name; changed in place. */
export type Slots = Record<string, number>;

/** t: number of this update of the parameter, from 1; product(name): running product of a scheduled beta up to t. */
export type Rule = (p: number, g: number, s: Slots, h: Hyper, t: number, products: Readonly<Slots>) => number;

/** What is subtracted from the parameter in float64. */
export const formulas: Record<string, Rule> = {
  sgd(p, g, s, h, t) {
    const { learningRate: lr, momentum: mu } = h;
    if (mu === 0) return lr! * g;
    if (h.compat === "torch") {
      s.m = t === 1 ? g : mu! * s.m! + (1 - h.dampening!) * g;
      return lr! * (h.nesterov ? g + mu! * s.m : s.m);
    }
    s.m = mu! * s.m! + lr! * g; // Keras keeps -m
    return h.nesterov ? mu! * s.m + lr! * g : s.m;
  },
  adam(p, g, s, h, t, { beta1, beta2 }) {
    s.m = h.beta1! * s.m! + (1 - h.beta1!) * g;
    s.v = h.beta2! * s.v! + (1 - h.beta2!) * g * g;
    if (h.amsgrad) s.vMax = Math.max(s.vMax!, s.v);
    const v = h.amsgrad ? s.vMax! : s.v;
    if (h.compat === "torch") {
      return ((h.learningRate! / (1 - beta1!)) * s.m) / (Math.sqrt(v) / Math.sqrt(1 - beta2!) + h.epsilon!);
    }
    const alpha = (h.learningRate! * Math.sqrt(1 - beta2!)) / (1 - beta1!);
    return (alpha * s.m) / (Math.sqrt(v) + h.epsilon!);
  },
  adagrad(p, g, s, h, t) {
    s.a = s.a! + g * g;
    if (h.compat === "torch") {
      return ((h.learningRate! / (1 + (t - 1) * h.learningRateDecay!)) * g) / (Math.sqrt(s.a) + h.epsilon!);
    }
    return (h.learningRate! * g) / Math.sqrt(s.a + h.epsilon!);
  },
  adadelta(p, g, s, h) {
    s.a = h.rho! * s.a! + (1 - h.rho!) * g * g;
    const change = (Math.sqrt(s.d! + h.epsilon!) / Math.sqrt(s.a + h.epsilon!)) * g;
    s.d = h.rho! * s.d! + (1 - h.rho!) * change * change;
    return h.learningRate! * change;
  },
  rmsprop(p, g, s, h) {
    const torch = h.compat === "torch";
    s.v = h.rho! * s.v! + (1 - h.rho!) * g * g;
    if (h.centered) s.mean = h.rho! * s.mean! + (1 - h.rho!) * g;
    const square = h.centered ? s.v - s.mean! * s.mean! : s.v;
    const scaled = g / (torch ? Math.sqrt(square) + h.epsilon! : Math.sqrt(square + h.epsilon!));
    if (h.momentum === 0) return h.learningRate! * scaled;
    s.m = h.momentum! * s.m! + (torch ? 1 : h.learningRate!) * scaled;
    return torch ? h.learningRate! * s.m : s.m;
  },
  adamax(p, g, s, h, t, { beta1 }) {
    s.m = h.beta1! * s.m! + (1 - h.beta1!) * g;
    if (h.compat === "torch") {
      s.u = Math.max(h.beta2! * s.u!, Math.abs(g) + h.epsilon!);
      return ((h.learningRate! / (1 - beta1!)) * s.m) / s.u;
    }
    s.u = Math.max(h.beta2! * s.u!, Math.abs(g));
    return (h.learningRate! * s.m) / ((1 - beta1!) * (s.u + h.epsilon!));
  },
  nadam(p, g, s, h, t, { beta2 }) {
    const mu = (k: number): number => h.beta1! * (1 - 0.5 * 0.96 ** (k * h.momentumDecay!));
    let product = 1;
    for (let k = 1; k <= t; k++) product *= mu(k);
    s.m = h.beta1! * s.m! + (1 - h.beta1!) * g;
    s.v = h.beta2! * s.v! + (1 - h.beta2!) * g * g;
    const mHat = (mu(t + 1) * s.m) / (1 - product * mu(t + 1)) + ((1 - mu(t)) * g) / (1 - product);
    return (h.learningRate! * mHat) / (Math.sqrt(s.v / (1 - beta2!)) + h.epsilon!);
  },
  lion(p, g, s, h) {
    const delta = h.learningRate! * Math.sign(h.beta1! * s.m! + (1 - h.beta1!) * g);
    s.m = h.beta2! * s.m! + (1 - h.beta2!) * g;
    return delta;
  },
};
formulas["adamW"] = formulas["adam"]!;

const r = Math.fround;
/** a * b + c with two roundings, as the baseline build. */
const madd = (a: number, b: number, c: number): number => r(r(r(a) * r(b)) + r(c));
const mul = (a: number, b: number): number => r(r(a) * r(b));
const add = (a: number, b: number): number => r(r(a) + r(b));
const div = (a: number, b: number): number => r(r(a) / r(b));
/** The larger one; a if it is NaN, as the instruction. */
const pmax = (a: number, b: number): number => (a < b ? b : a);
const sqrt = (a: number): number => r(Math.sqrt(r(a)));

/** keep * average + take * x */
const average = (keep: number, before: number, take: number, x: number): number => madd(keep, before, mul(take, x));

/** What averages that are never negative gain in each step, so that they are never subnormal. */
const FLOOR = 2 ** -120;
const meanSquare = (keep: number, before: number, take: number, x: number): number =>
  madd(keep, before, madd(mul(take, x), x, FLOOR));

/** Slots with a sign that are averages, and the weight of the old average: what is tiny of them becomes 0 at times. */
const DECAYS: Record<string, Record<string, string>> = {
  sgd: { m: "momentum" },
  adam: { m: "beta1" },
  adamW: { m: "beta1" },
  adamax: { m: "beta1" },
  nadam: { m: "beta1" },
  rmsprop: { m: "momentum", mean: "rho" },
  lion: { m: "beta2" },
};
const TINY = 2 ** -110;
/** The largest power of two up to 64 of which 2^-16 is left, or 1. */
const interval = (decay: number): number =>
  decay === 0 ? 64 : ([64, 32, 16, 8, 4, 2].find((n) => decay ** n >= 2 ** -16) ?? 1);
const withoutTiny = (x: number): number => (Math.abs(x) < TINY ? 0 : x);

/** What is subtracted from the parameter in f32, in the order of the kernels. */
export const twins: Record<string, Rule> = {
  sgd(p, g, s, h, t) {
    const { learningRate: lr, momentum: mu } = h;
    if (mu === 0) return mul(lr!, g);
    const torch = h.compat === "torch";
    const gain = torch ? (t === 1 ? 1 : 1 - h.dampening!) : lr!;
    const gained = mul(gain, g);
    s.m = average(mu!, s.m!, gain, g);
    return mul(torch ? lr! : 1, h.nesterov ? madd(mu!, s.m, gained) : s.m);
  },
  adam(p, g, s, h, t, { beta1, beta2 }) {
    const correction = Math.sqrt(1 - beta2!);
    const alpha = (h.learningRate! * correction) / (1 - beta1!);
    s.m = average(h.beta1!, s.m!, 1 - h.beta1!, g);
    s.v = meanSquare(h.beta2!, s.v!, 1 - h.beta2!, g);
    if (h.amsgrad) s.vMax = pmax(s.v, s.vMax!);
    const v = h.amsgrad ? s.vMax! : s.v;
    return mul(alpha, div(s.m, add(sqrt(v), h.compat === "torch" ? h.epsilon! * correction : h.epsilon!)));
  },
  adagrad(p, g, s, h, t) {
    const torch = h.compat === "torch";
    s.a = madd(g, g, pmax(s.a!, FLOOR));
    const root = add(sqrt(add(s.a, torch ? 0 : h.epsilon!)), torch ? h.epsilon! : 0);
    return mul(h.learningRate! / (1 + (t - 1) * h.learningRateDecay!), div(g, root));
  },
  adadelta(p, g, s, h) {
    s.a = meanSquare(h.rho!, s.a!, 1 - h.rho!, g);
    const change = mul(sqrt(div(add(s.d!, h.epsilon!), add(s.a, h.epsilon!))), g);
    s.d = meanSquare(h.rho!, s.d!, 1 - h.rho!, change);
    return mul(h.learningRate!, change);
  },
  rmsprop(p, g, s, h) {
    const torch = h.compat === "torch";
    const momentum = h.momentum !== 0;
    s.v = meanSquare(h.rho!, s.v!, 1 - h.rho!, g);
    if (h.centered) s.mean = average(h.rho!, s.mean!, 1 - h.rho!, g);
    const square = h.centered ? pmax(r(s.v - mul(s.mean!, s.mean!)), 0) : s.v;
    const root = add(sqrt(add(square, torch ? 0 : h.epsilon!)), torch ? h.epsilon! : 0);
    const step = div(g, root);
    if (!momentum) return mul(h.learningRate!, step);
    s.m = average(h.momentum!, s.m!, torch ? 1 : h.learningRate!, step);
    return mul(torch ? h.learningRate! : 1, s.m);
  },
  adamax(p, g, s, h, t, { beta1 }) {
    const torch = h.compat === "torch";
    s.m = average(h.beta1!, s.m!, 1 - h.beta1!, g);
    s.u = pmax(add(Math.abs(g), torch ? Math.max(h.epsilon!, FLOOR) : FLOOR), mul(h.beta2!, s.u!));
    return mul(h.learningRate! / (1 - beta1!), div(s.m, add(s.u, torch ? 0 : h.epsilon!)));
  },
  nadam(p, g, s, h, t, { beta2, fading, mu }) {
    const now = h.beta1! * (1 - 0.5 * fading!);
    const next = h.beta1! * (1 - 0.5 * fading! * pow(0.96, h.momentumDecay!));
    const correction = Math.sqrt(1 - beta2!);
    const fromM = next / (1 - mu! * next);
    const fromG = (1 - now) / (1 - mu!);
    s.m = average(h.beta1!, s.m!, 1 - h.beta1!, g);
    s.v = meanSquare(h.beta2!, s.v!, 1 - h.beta2!, g);
    const ahead = madd(fromM / fromG, s.m, g);
    return mul(h.learningRate! * correction * fromG, div(ahead, add(sqrt(s.v), h.epsilon! * correction)));
  },
  lion(p, g, s, h) {
    const direction = Math.sign(madd(h.beta1!, s.m!, mul(1 - h.beta1!, g)));
    s.m = average(h.beta2!, s.m!, 1 - h.beta2!, g);
    return direction === 0 ? 0 : mul(h.learningRate!, direction);
  },
};
twins["adamW"] = twins["adam"]!;

/** Running products that the rules use: of the betas, and Nadam's. */
const PRODUCTS: Record<string, (h: Hyper, p: Readonly<Slots>) => number> = {
  beta1: (h) => h.beta1!,
  beta2: (h) => h.beta2!,
  fading: (h) => pow(0.96, h.momentumDecay!),
  mu: (h, p) => h.beta1! * (1 - 0.5 * p.fading!),
};

interface Options {
  readonly [name: string]: unknown;
}

/** Runs a rule over arrays: clipping, weight decay, averages and accumulation as SEMANTICS orders them. */
export class ReferenceOptimizer {
  readonly slots: Record<string, number[] | Float64Array>[] = [];
  readonly products: Slots[] = [];
  readonly updates: number[] = [];
  iterations = 0;
  readonly #rule: Rule;
  readonly #decays: Readonly<Record<string, string>>;
  readonly #round: (x: number) => number;

  /** options: as a specification resolved them. precision f32: the twin. */
  constructor(
    name: string,
    readonly options: Options,
    readonly precision: "f32" | "f64",
    readonly slotNames: readonly string[],
    readonly names: readonly string[] = [],
    readonly first = 0,
  ) {
    this.#decays = precision === "f32" ? (DECAYS[name] ?? {}) : {};
    this.#rule = (precision === "f32" ? twins : formulas)[name]!;
    this.#round = precision === "f32" ? Math.fround : (x) => x;
  }

  /** State of parameter i, of n elements: made at first use. */
  #prepare(i: number, n: number): void {
    if (this.slots[i] !== undefined) return;
    const names = [...this.slotNames, "average", "accumulator"];
    this.slots[i] = Object.fromEntries(
      names.map((name) => [
        name,
        new Float64Array(n).fill(this.slotNames.includes(name) ? this.#round(this.first) : 0),
      ]),
    );
    this.products[i] = Object.fromEntries(Object.keys(PRODUCTS).map((name) => [name, 1]));
    this.updates[i] = 0;
  }

  step(thetas: readonly (Float32Array | Float64Array)[], gradients: readonly ArrayLike<number>[]): void {
    const round = this.#round;
    const { options } = this;
    const h = Object.fromEntries(
      Object.entries(options).map(([name, value]) => [
        name,
        typeof value === "function"
          ? valueAt("reference", name, value as (t: number) => number, this.iterations, {})
          : value,
      ]),
    ) as unknown as Hyper;
    const window = h.gradientAccumulationSteps as unknown as number;
    const updates = (this.iterations + 1) % window === 0;
    const g = gradients.map((gradient) => Float64Array.from(gradient));
    thetas.forEach((theta, i) => this.#prepare(i, theta.length));

    if (window > 1) {
      g.forEach((gradient, i) => {
        const sum = this.slots[i]!.accumulator!;
        for (let j = 0; j < gradient.length; j++) {
          const total = round(gradient[j]! + sum[j]!);
          sum[j] = updates ? 0 : total;
          if (updates) gradient[j] = total;
        }
      });
    }
    if (updates) this.#update(thetas, g, h, window);
    if (h.useEma) {
      thetas.forEach((theta, i) => {
        const average = this.slots[i]!.average!;
        const done = Math.floor(this.iterations / window);
        const momentum = done === 0 ? 0 : h.emaMomentum!;
        const overwrites = h.emaOverwriteFrequency !== undefined && (done + 1) % h.emaOverwriteFrequency === 0;
        const flush = this.precision === "f32" && (this.iterations + 1) % interval(momentum) === 0;
        for (let j = 0; j < theta.length; j++) {
          average[j] = round(round(round(momentum) * average[j]!) + round(round(1 - momentum) * theta[j]!));
          if (flush) average[j] = withoutTiny(average[j]!);
          if (overwrites) theta[j] = average[j]!;
        }
      });
    }
    this.iterations++;
  }

  #update(thetas: readonly (Float32Array | Float64Array)[], g: Float64Array[], h: Hyper, window: number): void {
    const round = this.#round;
    const norms = g.map((gradient) => gradient.reduce((sum, x) => sum + x * x, 0));
    const norm = Math.sqrt(norms.reduce((sum, x) => sum + x, 0)) / window;
    thetas.forEach((theta, i) => {
      this.updates[i]!++;
      for (const name in PRODUCTS) this.products[i]![name]! *= PRODUCTS[name]!(h, this.products[i]!);
      let factor = 1;
      if (h.clipNorm !== undefined) factor = h.clipNorm / Math.max(Math.sqrt(norms[i]!) / window, h.clipNorm);
      if (h.globalClipNorm !== undefined) {
        factor =
          h.compat === "torch"
            ? Math.min(1, h.globalClipNorm / (norm + 1e-6))
            : h.globalClipNorm * Math.min(1 / norm, 1 / h.globalClipNorm);
      }
      const scale = round(factor / window);
      const limit = h.clipValue === undefined ? Infinity : round(h.clipValue);
      const excluded = (h.excludeFromWeightDecay as unknown as string[]).some((part) => this.names[i]?.includes(part));
      const decay = excluded ? 0 : h.weightDecay!;
      const decoupled = h.decoupledWeightDecay as unknown as boolean;
      const state = this.slots[i]!;
      const s: Slots = {};
      for (let j = 0; j < theta.length; j++) {
        for (const name of this.slotNames) s[name] = state[name]![j]!;
        const p = theta[j]!;
        let gradient = round(scale * g[i]![j]!);
        if (gradient > limit) gradient = limit;
        if (gradient < -limit) gradient = -limit;
        if (!decoupled && decay !== 0) gradient = round(round(round(decay) * p) + gradient);
        const delta = this.#rule(p, gradient, s, h, this.updates[i]!, this.products[i]!);
        const shrink = decoupled ? round(decay * h.learningRate!) : 0;
        theta[j] = round(p - (shrink === 0 ? delta : round(round(shrink * p) + delta)));
        for (const name of this.slotNames) {
          const flush = name in this.#decays && this.updates[i]! % interval(h[this.#decays[name]!]!) === 0;
          state[name]![j] = flush ? withoutTiny(s[name]!) : s[name]!;
        }
      }
    });
  }
}
