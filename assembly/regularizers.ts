/** Penalties on weights and activations. The sum of squares and its gradient are sumOfSquares and saxpy. */
import { bytes, sweep2 } from "./lanes";

const ZERO = f32x4.splat(0);
const SIGN = i32x4.splat(0x80000000);

/** Adds the absolute values of four floats to a sum of two in float64: first the lower pair, then the upper. */
@inline
function addAbsolutes(x: v128, sum: v128): v128 {
  const size = f32x4.abs(x);
  const upper = i8x16.shuffle(size, size, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  return f64x2.add(f64x2.add(sum, f64x2.promote_low_f32x4(size)), f64x2.promote_low_f32x4(upper));
}

/** Sum of |x[i]| in float64, in four chains combined in one fixed order; the same bits in every build. x: n floats. */
export function sumOfAbsolutes(n: i32, x: usize): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const unrolled = x + bytes(n & ~15), body = x + bytes(n & ~3), end = x + bytes(n);
  for (; x < unrolled; x += 64) {
    s0 = addAbsolutes(v128.load(x), s0);
    s1 = addAbsolutes(v128.load(x, 16), s1);
    s2 = addAbsolutes(v128.load(x, 32), s2);
    s3 = addAbsolutes(v128.load(x, 48), s3);
  }
  for (; x < body; x += 16) s0 = addAbsolutes(v128.load(x), s0);
  for (; x < end; x += 4) s1 = addAbsolutes(v128.load32_zero(x), s1);
  const sum = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

@unmanaged
@final
class AddSign {
  @inline lanes<W>(dw: usize, x: usize, scale: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const value = w.load(x);
    const signed = v128.xor(scale, v128.and(value, SIGN));
    w.store(dw, f32x4.add(w.load(dw), v128.and(signed, f32x4.ne(value, ZERO))));
  }
}

/**
 * dw = dw + scale * sign(w), the gradient of scale * sum(|w|), with 0 at w = 0. w, dw: n floats; accumulates into dw.
 * sign(NaN) is the NaN's own sign.
 */
export function l1Backward(n: i32, w: usize, dw: usize, scale: f32): void {
  sweep2<AddSign>(n, dw, w, f32x4.splat(scale), ZERO, ZERO);
}
