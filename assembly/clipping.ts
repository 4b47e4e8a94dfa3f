/** What gradient clipping needs to know of a gradient. */
import { bytes } from "./lanes";

/** Four squares of floats at p, added to four sums of two. */
@inline
function low(x: v128, sum: v128): v128 {
  const wide = f64x2.promote_low_f32x4(x);
  return f64x2.add(sum, f64x2.mul(wide, wide));
}

/** The two upper floats of x, moved to the lower lanes. */
@inline
function upper(x: v128): v128 {
  return i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
}

/**
 * Sum of x[i]² in float64, in eight sums of two, combined in one fixed order. x: n floats.
 * The square of a float is exact in float64, so that every build gives the same bits, and none overflows.
 */
export function sumOfSquares(n: i32, x: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const unrolled = x + bytes(n & ~15);
  const body = x + bytes(n & ~3);
  const end = x + bytes(n);
  for (; x < unrolled; x += 64) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    const c = v128.load(x, 32);
    const d = v128.load(x, 48);
    s0 = low(a, s0);
    s1 = low(upper(a), s1);
    s2 = low(b, s2);
    s3 = low(upper(b), s3);
    s4 = low(c, s4);
    s5 = low(upper(c), s5);
    s6 = low(d, s6);
    s7 = low(upper(d), s7);
  }
  for (; x < body; x += 16) {
    const a = v128.load(x);
    s0 = low(a, s0);
    s1 = low(upper(a), s1);
  }
  for (; x < end; x += 4) s0 = low(v128.load32_zero(x), s0);
  const sum = f64x2.add(f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3)), f64x2.add(f64x2.add(s4, s5), f64x2.add(s6, s7)));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
