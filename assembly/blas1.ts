/** Vector operations of BLAS level 1, and their elementwise kin. n counts floats. */
import { madd, sumLanes } from "./simd";
import { bytes, sweep1, sweep2, sweep3 } from "./lanes";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Axpy {
  @inline lanes<W>(y: usize, x: usize, alpha: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, madd(alpha, w.load(x), w.load(y)));
  }
}

/** y = y + alpha * x. x, y: n floats; accumulates into y. BLAS SAXPY. */
export function saxpy(n: i32, alpha: f32, x: usize, y: usize): void {
  sweep2<Axpy>(n, y, x, f32x4.splat(alpha), ZERO, ZERO);
}

@unmanaged
@final
class Scale {
  @inline lanes<W>(x: usize, alpha: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(x, f32x4.mul(alpha, w.load(x)));
  }
}

/** x = alpha * x. x: n floats, overwritten. BLAS SSCAL. */
export function sscal(n: i32, alpha: f32, x: usize): void {
  sweep1<Scale>(n, x, f32x4.splat(alpha), ZERO, ZERO);
}

@unmanaged
@final
class Add {
  @inline lanes<W>(y: usize, x: usize, z: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.add(w.load(x), w.load(z)));
  }
}

/** y = x + z. x, y, z: n floats; y may be x or z. Overwrites y. */
export function addForward(n: i32, x: usize, z: usize, y: usize): void {
  sweep3<Add>(n, y, x, z, ZERO, ZERO, ZERO);
}

/**
 * Sum of x[i] * y[i], in four vectors of partial sums over 16 floats a pass, combined in one fixed order.
 * BLAS SDOT.
 */
export function sdot(n: i32, x: usize, y: usize): f32 {
  let s0 = ZERO;
  let s1 = ZERO;
  let s2 = ZERO;
  let s3 = ZERO;
  const unrolled = x + bytes(n & ~15);
  const body = x + bytes(n & ~3);
  const end = x + bytes(n);
  for (; x < unrolled; x += 64, y += 64) {
    s0 = madd(v128.load(x), v128.load(y), s0);
    s1 = madd(v128.load(x, 16), v128.load(y, 16), s1);
    s2 = madd(v128.load(x, 32), v128.load(y, 32), s2);
    s3 = madd(v128.load(x, 48), v128.load(y, 48), s3);
  }
  for (; x < body; x += 16, y += 16) s0 = madd(v128.load(x), v128.load(y), s0);
  for (; x < end; x += 4, y += 4) s1 = madd(v128.load32_zero(x), v128.load32_zero(y), s1);
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** Sum of n floats at x, in the order of sdot. */
@inline
export function sum(n: i32, x: usize): f32 {
  let s0 = ZERO;
  let s1 = ZERO;
  let s2 = ZERO;
  let s3 = ZERO;
  const unrolled = x + bytes(n & ~15);
  const body = x + bytes(n & ~3);
  const end = x + bytes(n);
  for (; x < unrolled; x += 64) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x, 16));
    s2 = f32x4.add(s2, v128.load(x, 32));
    s3 = f32x4.add(s3, v128.load(x, 48));
  }
  for (; x < body; x += 16) s0 = f32x4.add(s0, v128.load(x));
  for (; x < end; x += 4) s1 = f32x4.add(s1, v128.load32_zero(x));
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}
