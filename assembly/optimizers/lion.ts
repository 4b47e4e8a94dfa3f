/** Lion: the sign of an interpolated momentum, so that all weights move equally far. */
import { madd } from "../simd";
import { update } from "./update";

const ZERO = f32x4.splat(0);
const SIGN = i32x4.splat(0x80000000);
const MAGNITUDE = i32x4.splat(0x7fffffff);
const SMALLEST_NORMAL = i32x4.splat(0x00800000);

/**
 * x, or 0 where x is subnormal: see moving-average.ts for why. Its way of adding a guard would lose m below 2^-104,
 * whose sign counts here, however small it is. NaN stays.
 */
@inline
function withoutSubnormals(x: v128): v128 {
  return v128.andnot(x, i32x4.lt_s(v128.and(x, MAGNITUDE), SMALLEST_NORMAL));
}

/** size (>= 0) with the sign of x; 0 where x is 0; NaN where x is NaN. */
@inline
function signed(size: v128, x: v128): v128 {
  const all = v128.or(v128.and(x, SIGN), size);
  return v128.or(v128.and(all, f32x4.ne(x, ZERO)), f32x4.ne(x, x));
}

@unmanaged
@final
class Lion {
  @inline delta<W>(
    g: v128, m: usize, s1: usize, s2: usize,
    rate: v128, beta1: v128, rest1: v128, beta2: v128, rest2: v128, f: v128, h: v128,
  ): v128 {
    const w = changetype<W>(0);
    const m0 = w.load(m);
    w.store(m, withoutSubnormals(madd(beta2, m0, f32x4.mul(rest2, g))));
    return signed(rate, madd(beta1, m0, f32x4.mul(rest1, g)));
  }
}

/**
 * delta = rate * sign(beta1 * m + rest1 * g); m = beta2 * m + rest2 * g. rest = 1 - beta.
 * theta, g, m: n floats. Overwrites theta and m. Chen et al. 2023, arXiv:2302.06675, algorithm 2.
 */
export function lionStep(
  n: i32, theta: usize, g: usize, m: usize,
  scale: f32, limit: f32, coupled: f32, decay: f32, rate: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
): void {
  const a = f32x4.splat(rate);
  const b = f32x4.splat(beta1);
  const c = f32x4.splat(rest1);
  const d = f32x4.splat(beta2);
  const e = f32x4.splat(rest2);
  update<Lion>(n, theta, g, m, 0, 0, scale, limit, coupled, decay, a, b, c, d, e, ZERO, ZERO);
}
