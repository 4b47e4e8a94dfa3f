/** Kernels of the layers that merge several inputs, and of those that only move or rescale numbers. n counts floats. */
import { madd, select, sumLanes } from "./simd";
import { bytes, sweep2, sweep3 } from "./lanes";

const ZERO = f32x4.splat(0);

@unmanaged
@final
class Subtract {
  @inline lanes<W>(y: usize, x: usize, z: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.sub(w.load(x), w.load(z)));
  }
}

/** y = x - z. x, z, y: n floats; y may be x or z. Overwrites y. */
export function subtractForward(n: i32, x: usize, z: usize, y: usize): void {
  sweep3<Subtract>(n, y, x, z, ZERO, ZERO, ZERO);
}

/** a where it wins or is NaN, else b. A NaN in b makes every comparison false, which chooses b: both propagate. */
@inline
function choose(wins: v128, a: v128, b: v128): v128 {
  return select(v128.or(wins, f32x4.ne(a, a)), a, b);
}

@unmanaged
@final
class Maximum {
  @inline lanes<W>(y: usize, x: usize, z: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const first = w.load(x);
    const second = w.load(z);
    w.store(y, choose(f32x4.gt(first, second), first, second));
  }
}

/** y = max(x, z), NaN if either is. x, z, y: n floats; y may be x or z. Overwrites y. */
export function maximumForward(n: i32, x: usize, z: usize, y: usize): void {
  sweep3<Maximum>(n, y, x, z, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Minimum {
  @inline lanes<W>(y: usize, x: usize, z: usize, a: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    const first = w.load(x);
    const second = w.load(z);
    w.store(y, choose(f32x4.lt(first, second), first, second));
  }
}

/** y = min(x, z), NaN if either is. x, z, y: n floats; y may be x or z. Overwrites y. */
export function minimumForward(n: i32, x: usize, z: usize, y: usize): void {
  sweep3<Minimum>(n, y, x, z, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Gate {
  @inline lanes<W>(y: usize, x: usize, z: usize, dy: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, v128.and(f32x4.eq(w.load(x), w.load(z)), w.load(y)));
  }
}

/**
 * dy = dy where x equals y, else 0: the gradient of a maximum or minimum y with respect to an x that it chose from.
 * x, y, dy: n floats; overwrites dy.
 */
export function gateEqual(n: i32, x: usize, y: usize, dy: usize): void {
  sweep3<Gate>(n, dy, x, y, ZERO, ZERO, ZERO);
}

@unmanaged
@final
class Affine {
  @inline lanes<W>(y: usize, x: usize, scale: v128, offset: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, madd(scale, w.load(x), offset));
  }
}

/** y = scale * x + offset. x, y: n floats; y may be x. Overwrites y. */
export function affineForward(n: i32, x: usize, y: usize, scale: f32, offset: f32): void {
  sweep2<Affine>(n, y, x, f32x4.splat(scale), f32x4.splat(offset), ZERO);
}

/** Copies rows of n floats between matrices of row strides ldx and ldy (in floats). Overwrites y. */
export function copyRows(rows: i32, n: i32, x: usize, ldx: i32, y: usize, ldy: i32): void {
  for (let r = 0; r < rows; r++) memory.copy(y + bytes(r * ldy), x + bytes(r * ldx), bytes(n));
}

/** y[r] = Σ_j x[r][j] * z[r][j]. x, z: rows x n floats; y: rows floats, overwritten. */
export function rowDots(rows: i32, n: i32, x: usize, z: usize, y: usize): void {
  for (let r = 0; r < rows; r++, y += 4) {
    let sum = ZERO;
    const body = x + bytes(n & ~3);
    const end = x + bytes(n);
    for (; x < body; x += 16, z += 16) sum = madd(v128.load(x), v128.load(z), sum);
    for (; x < end; x += 4, z += 4) sum = madd(v128.load32_zero(x), v128.load32_zero(z), sum);
    store<f32>(y, sumLanes(sum));
  }
}

/** y[r][j] = s[r] * x[r][j]. x, y: rows x n floats, y may be x; s: rows floats. Overwrites y. */
export function scaleRows(rows: i32, n: i32, x: usize, s: usize, y: usize): void {
  for (let r = 0; r < rows; r++, s += 4) {
    affineForward(n, x, y, load<f32>(s), 0);
    x += bytes(n);
    y += bytes(n);
  }
}

/**
 * Unit vectors along the middle axis of x [outer, n, inner]: y = x / |x|, and 0 where the norm is 0.
 * norms: outer x inner floats, saved for backward. Overwrites y and norms.
 */
export function l2NormalizeForward(outer: i32, n: i32, inner: i32, x: usize, y: usize, norms: usize): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++, norms += 4) {
      const first = bytes((o * n) * inner + i);
      let squares: f64 = 0;
      for (let j = 0; j < n; j++) {
        const value = <f64>load<f32>(x + first + bytes(j * inner));
        squares += value * value;
      }
      const norm = <f32>Math.sqrt(squares);
      store<f32>(norms, norm);
      const inverse: f32 = norm > 0 ? 1 / norm : norm == 0 ? 0 : norm;
      for (let j = 0; j < n; j++) {
        const at = first + bytes(j * inner);
        store<f32>(y + at, load<f32>(x + at) * inverse);
      }
    }
  }
}

/** dx = (dy - y (y·dy)) / |x| for y = x / |x| along the middle axis; 0 where the norm was 0. Overwrites dx. */
export function l2NormalizeBackward(outer: i32, n: i32, inner: i32, y: usize, norms: usize, dy: usize, dx: usize): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++, norms += 4) {
      const first = bytes((o * n) * inner + i);
      let dot: f64 = 0;
      for (let j = 0; j < n; j++) {
        const at = first + bytes(j * inner);
        dot += <f64>load<f32>(y + at) * <f64>load<f32>(dy + at);
      }
      const norm = load<f32>(norms);
      const inverse: f32 = norm > 0 ? 1 / norm : norm == 0 ? 0 : norm;
      for (let j = 0; j < n; j++) {
        const at = first + bytes(j * inner);
        store<f32>(dx + at, (load<f32>(dy + at) - load<f32>(y + at) * <f32>dot) * inverse);
      }
    }
  }
}

/** y = 1 / max(sqrt(variance), epsilon). variance, y: n floats. Overwrites y. */
export function inverseDeviation(n: i32, variance: usize, y: usize, epsilon: f32): void {
  for (let i = 0; i < n; i++) {
    const deviation = Mathf.sqrt(load<f32>(variance + bytes(i)));
    store<f32>(y + bytes(i), 1 / (deviation > epsilon ? deviation : epsilon));
  }
}

/** y[r][j] = (x[r][j] - mean[j]) * scale[j]. x, y: rows x n floats, y may be x. Overwrites y. */
export function standardizeForward(rows: i32, n: i32, x: usize, mean: usize, scale: usize, y: usize): void {
  for (let r = 0; r < rows; r++) {
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      const at = bytes(j);
      const centered = f32x4.sub(v128.load(x + at), v128.load(mean + at));
      v128.store(y + at, f32x4.mul(centered, v128.load(scale + at)));
    }
    for (; j < n; j++) {
      const at = bytes(j);
      store<f32>(y + at, (load<f32>(x + at) - load<f32>(mean + at)) * load<f32>(scale + at));
    }
    x += bytes(n);
    y += bytes(n);
  }
}

/** dx[r][j] = dy[r][j] * scale[j]. dy, dx: rows x n floats, dx may be dy. Overwrites dx. */
export function standardizeBackward(rows: i32, n: i32, dy: usize, scale: usize, dx: usize): void {
  for (let r = 0; r < rows; r++) {
    let j = 0;
    for (; j + 4 <= n; j += 4) v128.store(dx + bytes(j), f32x4.mul(v128.load(dy + bytes(j)), v128.load(scale + bytes(j))));
    for (; j < n; j++) store<f32>(dx + bytes(j), load<f32>(dy + bytes(j)) * load<f32>(scale + bytes(j)));
    dy += bytes(n);
    dx += bytes(n);
  }
}
