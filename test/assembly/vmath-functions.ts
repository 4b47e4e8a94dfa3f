/** What the quick and the exhaustive sweep of vmath both need: how to call each function, and what it must satisfy. */
import type { Kernels } from "../../src/runtime/wasm.js";
import { erf, sigmoid, softplus } from "../reference/activations.js";
import { exp, log, log1p } from "../../src/runtime/math.js";
import * as twin from "../reference/vmath-twin.js";

export interface VectorFunction {
  /** Largest error in units in the last place over all arguments, in every build. */
  readonly bound: number;
  call(k: Kernels, n: number, x: number, y: number): void;
  /** Float64. */
  reference(x: number): number;
  /** The baseline build's bits. */
  twin(x: number): number;
  /** Where the formula changes, saturates or overflows. */
  readonly breakpoints: readonly number[];
  readonly odd?: true;
  /** Results never leave this interval. */
  readonly range?: readonly [number, number];
}

const LN2 = Math.LN2;
/** Borders between the intervals of the range reduction, and overflow, underflow and the clamps. */
const EXP_BREAKPOINTS = [0, LN2 / 2, -LN2 / 2, LN2, -LN2, 1.5 * LN2, -1.5 * LN2, 88.72284, -87.33655, -103.97208, -104, 89];
const LOG_BREAKPOINTS = [0, 1.17549435e-38, Math.SQRT1_2, 1, Math.SQRT2, 2, 4, 3.4e38];

export const vectorFunctions: Record<string, VectorFunction> = {
  exp: {
    bound: 2,
    call: (k, n, x, y) => k.exponentialForward(n, x, y),
    reference: exp,
    twin: twin.exp,
    breakpoints: EXP_BREAKPOINTS,
    range: [0, Infinity],
  },
  expm1: {
    bound: 3,
    call: (k, n, x, y) => k.vexpm1(n, x, y),
    reference: Math.expm1,
    twin: twin.expm1,
    breakpoints: [...EXP_BREAKPOINTS, -18, 1e-30, -1e-30],
    range: [-1, Infinity],
  },
  log: {
    bound: 2,
    call: (k, n, x, y) => k.vlog(n, x, y),
    reference: log,
    twin: twin.log,
    breakpoints: LOG_BREAKPOINTS,
  },
  log1p: {
    bound: 3,
    call: (k, n, x, y) => k.vlog1p(n, x, y),
    reference: log1p,
    twin: twin.log1p,
    breakpoints: [...LOG_BREAKPOINTS, -1, Math.SQRT1_2 - 1, Math.SQRT2 - 1],
  },
  tanh: {
    bound: 3,
    call: (k, n, x, y) => k.tanhForward(n, x, y),
    reference: Math.tanh,
    twin: twin.tanh,
    breakpoints: [0, LN2 / 4, 0.75 * LN2, 9],
    odd: true,
    range: [-1, 1],
  },
  sigmoid: {
    bound: 4,
    call: (k, n, x, y) => k.sigmoidForward(n, x, y),
    reference: sigmoid,
    twin: twin.sigmoid,
    breakpoints: [...EXP_BREAKPOINTS, 17],
    range: [0, 1],
  },
  erf: {
    bound: 4,
    call: (k, n, x, y) => k.verf(n, x, y),
    reference: erf,
    twin: twin.erf,
    breakpoints: [0, 0.28, 0.72, 3.83, 4],
    odd: true,
    range: [-1, 1],
  },
  softplus: {
    bound: 4,
    call: (k, n, x, y) => k.softplusForward(n, x, y),
    reference: softplus,
    twin: twin.softplus,
    breakpoints: EXP_BREAKPOINTS,
    range: [0, Infinity],
  },
};
