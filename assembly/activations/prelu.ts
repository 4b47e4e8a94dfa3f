import { sscal } from "../blas1";
import { bytes, firstLanes, storeFirst, sweep2, sweep3, sweep5 } from "../lanes";
import { madd, select, sumLanes } from "../simd";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class PreluForward {
  @inline lanes<W>(y: usize, x: usize, alpha: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    w.store(y, select(f32x4.gt(v, ZERO), v, f32x4.mul(w.load(alpha), v)));
  }
}

@unmanaged
@final
class PreluForwardShared {
  @inline lanes<W>(y: usize, x: usize, alpha: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    w.store(y, select(f32x4.gt(v, ZERO), v, f32x4.mul(alpha, v)));
  }
}

/**
 * y = x where x > 0, else alpha * x, with learned alpha of any sign.
 * x, y: [outer, size, inner]; alpha: size floats, repeated over outer and inner. y may be x where no backward
 * follows. Overwrites y.
 * He, Zhang, Ren & Sun 2015, arXiv:1502.01852, section 2.1. Exact against the scalar formula.
 */
export function preluForward(outer: i32, size: i32, inner: i32, x: usize, alpha: usize, y: usize): void {
  const alphaEnd = alpha + bytes(size);
  for (let o = 0; o < outer; o++) {
    if (inner == 1) {
      sweep3<PreluForward>(size, y, x, alpha, ZERO, ZERO, ZERO);
      x += bytes(size);
      y += bytes(size);
    } else {
      for (let a = alpha; a < alphaEnd; a += 4, x += bytes(inner), y += bytes(inner)) {
        sweep2<PreluForwardShared>(inner, y, x, v128.load32_splat(a), ZERO, ZERO);
      }
    }
  }
}

@unmanaged
@final
class PreluBackward {
  @inline lanes<W>(dx: usize, x: usize, dy: usize, alpha: usize, dalpha: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const v = w.load(x);
    const g = w.load(dy);
    const positive = f32x4.gt(v, ZERO);
    w.store(dalpha, madd(g, v128.andnot(v, positive), w.load(dalpha)));
    w.store(dx, select(positive, g, f32x4.mul(w.load(alpha), g)));
  }
}

/** dx of inner floats that share one alpha; returns their sum of dy * x where x <= 0. */
@inline
function sharedBackward(inner: i32, x: usize, alpha: v128, dy: usize, dx: usize): f32 {
  const body = x + bytes(inner & ~3);
  const rest = inner & 3;
  let sum = ZERO;
  for (; x < body; x += 16, dy += 16, dx += 16) {
    const v = v128.load(x);
    const g = v128.load(dy);
    const positive = f32x4.gt(v, ZERO);
    sum = madd(g, v128.andnot(v, positive), sum);
    v128.store(dx, select(positive, g, f32x4.mul(alpha, g)));
  }
  if (rest) {
    const v = v128.load(x);
    const g = v128.and(v128.load(dy), firstLanes(rest));
    const positive = f32x4.gt(v, ZERO);
    sum = madd(g, v128.and(v128.andnot(v, positive), firstLanes(rest)), sum);
    storeFirst(dx, select(positive, g, f32x4.mul(alpha, g)), rest);
  }
  return sumLanes(sum);
}

/**
 * dx = dy where x > 0, else alpha * dy; dalpha = beta * dalpha + sum over outer and inner of dy * x where x <= 0.
 * The sub-gradient at 0 is alpha. The sum runs over outer in order, one partial sum over inner at a time.
 * x, dy, dx: [outer, size, inner]; alpha, dalpha: size floats; dx may be dy or x. Overwrites dx; dalpha is not read
 * where beta is 0. Saved by forward: x.
 */
export function preluBackward(
  outer: i32, size: i32, inner: i32, x: usize, alpha: usize, dy: usize, dx: usize, dalpha: usize, beta: f32,
): void {
  if (beta == 0) memory.fill(dalpha, 0, bytes(size));
  else if (beta != 1) sscal(size, beta, dalpha);
  for (let o = 0; o < outer; o++) {
    if (inner == 1) {
      sweep5<PreluBackward>(size, dx, x, dy, alpha, dalpha, ZERO, ZERO, ZERO);
      x += bytes(size);
      dy += bytes(size);
      dx += bytes(size);
    } else {
      for (let s = 0; s < size; s++) {
        const a = v128.load32_splat(alpha + bytes(s));
        const sum = sharedBackward(inner, x, a, dy, dx);
        store<f32>(dalpha + bytes(s), load<f32>(dalpha + bytes(s)) + sum);
        x += bytes(inner);
        dy += bytes(inner);
        dx += bytes(inner);
      }
    }
  }
}
