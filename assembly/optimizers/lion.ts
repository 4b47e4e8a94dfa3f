/** Lion: the sign of an interpolated momentum, so that all weights move equally far. */
import { ONE, splat } from "../vmath";
import { movingAverage } from "./moving-average";
import { update } from "./update";

/** 2^126: its square times the smallest number is far above 1. */
const HUGE = memory.data<f32>([8.507059173023462e37]);
const MINUS_ONE = memory.data<f32>([-1]);

/** 1, -1 or 0 as x is; NaN where x is NaN. */
@inline
function sign(x: v128, huge: v128, one: v128, minusOne: v128): v128 {
  return f32x4.pmax(f32x4.pmin(f32x4.mul(f32x4.mul(x, huge), huge), one), minusOne);
}

@unmanaged
@final
class Lion {
  @inline direction<W>(
    g: v128, m: usize, s1: usize, s2: usize,
    beta1: v128, rest1: v128, beta2: v128, rest2: v128, huge: v128, one: v128, minusOne: v128,
  ): v128 {
    const w = changetype<W>(0);
    const m0 = w.load(m);
    w.store(m, movingAverage(beta2, m0, rest2, g));
    return sign(movingAverage(beta1, m0, rest1, g), huge, one, minusOne);
  }
}

/**
 * theta = theta - rate * sign(beta1 * m + rest1 * g); m = beta2 * m + rest2 * g. rest = 1 - beta.
 * theta, g, m: n floats. Overwrites theta and m. Chen et al. 2023, arXiv:2302.06675, algorithm 2.
 */
export function lionStep(
  n: i32, theta: usize, g: usize, m: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
): void {
  const a = f32x4.splat(beta1);
  const b = f32x4.splat(rest1);
  const c = f32x4.splat(beta2);
  const d = f32x4.splat(rest2);
  const e = splat(HUGE);
  const f = splat(ONE);
  const h = splat(MINUS_ONE);
  update<Lion>(n, theta, g, m, 0, 0, scale, limit, coupled, decay, rate, a, b, c, d, e, f, h);
}
