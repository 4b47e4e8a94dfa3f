/** What gradient clipping needs to know of a gradient. */
import { bytes } from "./lanes";

/** Squares of the two lower floats of x, added to a sum of two. */
@inline
function squares(x: v128, sum: v128): v128 {
  const wide = f64x2.promote_low_f32x4(x);
  return f64x2.add(sum, f64x2.mul(wide, wide));
}

/**
 * Sum of x[i]² in float64, in eight sums of two, combined in one fixed order. x: n floats.
 * The square of a float is exact in float64, so that every build gives the same bits, and none overflows.
 * The upper two of four floats are loaded once more: a shuffle would take a port that the conversions need.
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
    s0 = squares(a, s0);
    s1 = squares(v128.load64_zero(x, 8), s1);
    s2 = squares(b, s2);
    s3 = squares(v128.load64_zero(x, 24), s3);
    s4 = squares(c, s4);
    s5 = squares(v128.load64_zero(x, 40), s5);
    s6 = squares(d, s6);
    s7 = squares(v128.load64_zero(x, 56), s7);
  }
  for (; x < body; x += 16) {
    const a = v128.load(x);
    s0 = squares(a, s0);
    s1 = squares(v128.load64_zero(x, 8), s1);
  }
  for (; x < end; x += 4) s0 = squares(v128.load32_zero(x), s0);
  const sum = f64x2.add(f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3)), f64x2.add(f64x2.add(s4, s5), f64x2.add(s6, s7)));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
