/**
 * Layer normalization of each row of [rows, n]: y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean and biased
 * variance of the row. Ba, Kiros & Hinton 2016, arXiv:1607.06450. The address 0 means that a layer has no such parameter, or
 * that a gradient is not wanted. Every sum is made in one fixed order.
 */
import { sum } from "./blas1";
import { bytes, Four, FourAt12, FourAt4, FourAt8, One } from "./lanes";
import { madd, nmadd, sumLanes } from "./simd";
import { column, None, storeIf } from "./strips";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);
/** The lane of a single float. */
const FIRST = i32x4(-1, 0, 0, 0);

@inline
function total(a: v128, b: v128, c: v128, d: v128): f32 {
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/**
 * Writes mean and 1 / sqrt(variance + epsilon) of n floats at x: two passes and a correction, as batchNormStatistics. Four
 * chains of vectors each, since an addition waits for the last.
 */
@inline
function rowStatistics(n: i32, x: usize, mean: usize, inverseStd: usize, epsilon: f32): void {
  const unrolled = x + bytes(n & ~15), body = x + bytes(n & ~3), end = x + bytes(n);
  const count = <f32>n;
  const first = sum(n, x) / count;

  const m = f32x4.splat(first);
  let sum0 = ZERO, sum1 = ZERO, sum2 = ZERO, sum3 = ZERO;
  let squares0 = ZERO, squares1 = ZERO, squares2 = ZERO, squares3 = ZERO;
  let p = x;
  for (; p < unrolled; p += 64) {
    const a = f32x4.sub(v128.load(p), m), b = f32x4.sub(v128.load(p, 16), m);
    const c = f32x4.sub(v128.load(p, 32), m), d = f32x4.sub(v128.load(p, 48), m);
    sum0 = f32x4.add(sum0, a);
    sum1 = f32x4.add(sum1, b);
    sum2 = f32x4.add(sum2, c);
    sum3 = f32x4.add(sum3, d);
    squares0 = madd(a, a, squares0);
    squares1 = madd(b, b, squares1);
    squares2 = madd(c, c, squares2);
    squares3 = madd(d, d, squares3);
  }
  for (; p < body; p += 16) {
    const a = f32x4.sub(v128.load(p), m);
    sum0 = f32x4.add(sum0, a);
    squares0 = madd(a, a, squares0);
  }
  for (; p < end; p += 4) {
    const b = v128.and(f32x4.sub(v128.load32_zero(p), m), FIRST);
    sum1 = f32x4.add(sum1, b);
    squares1 = madd(b, b, squares1);
  }
  const off = total(sum0, sum1, sum2, sum3) / count;
  const variance = total(squares0, squares1, squares2, squares3) / count - off * off;
  store<f32>(mean, first + off);
  store<f32>(inverseStd, <f32>1 / sqrt<f32>((variance < 0 ? 0 : variance) + epsilon));
}

/** How gamma and beta are read: Given where both exist, so that no vector has to ask. */
@unmanaged
@final
class Given {
  @inline vector<W>(p: usize, at: usize, absent: v128): v128 { return changetype<W>(0).load(p + at); }
}

@unmanaged
@final
class Optional {
  @inline vector<W>(p: usize, at: usize, absent: v128): v128 { return p ? changetype<W>(0).load(p + at) : absent; }
}

@inline
function forwardLanes<W, P>(x: usize, gamma: usize, beta: usize, y: usize, j: usize, mean: v128, inverseStd: v128): void {
  const w = changetype<W>(0), parameters = changetype<P>(0);
  const xhat = f32x4.mul(f32x4.sub(w.load(x + j), mean), inverseStd);
  w.store(y + j, madd(xhat, parameters.vector<W>(gamma, j, ONE), parameters.vector<W>(beta, j, ZERO)));
}

@inline
function forward<P>(
  rows: i32, n: i32, x: usize, gamma: usize, beta: usize, y: usize, mean: usize, inverseStd: usize, epsilon: f32,
): void {
  const stride = bytes(n), body = bytes(n & ~3);
  for (let i = 0; i < rows; i++, x += stride, y += stride, mean += 4, inverseStd += 4) {
    rowStatistics(n, x, mean, inverseStd, epsilon);
    const m = v128.load32_splat(mean), inverse = v128.load32_splat(inverseStd);
    let j: usize = 0;
    for (; j < body; j += 16) forwardLanes<Four, P>(x, gamma, beta, y, j, m, inverse);
    for (; j < stride; j += 4) forwardLanes<One, P>(x, gamma, beta, y, j, m, inverse);
  }
}

/**
 * y = gamma (x - mean) / sqrt(variance + epsilon) + beta, row by row.
 * x, y: [rows, n]; gamma, beta: n floats, optional; mean, inverseStd: one float a row. y may be x. Overwrites y, and mean and
 * inverseStd, which are saved for backward together with x. A row of one float gives beta exactly.
 */
export function layerNormForward(
  rows: i32, n: i32, x: usize, gamma: usize, beta: usize, y: usize, mean: usize, inverseStd: usize, epsilon: f32,
): void {
  if (gamma && beta) forward<Given>(rows, n, x, gamma, beta, y, mean, inverseStd, epsilon);
  else forward<Optional>(rows, n, x, gamma, beta, y, mean, inverseStd, epsilon);
}

@inline
function backwardLanes<W, P>(
  x: usize, dy: usize, gamma: usize, dx: usize, j: usize, mean: v128, inverseStd: v128, shift: v128, slope: v128,
): void {
  const w = changetype<W>(0);
  const g = f32x4.mul(w.load(dy + j), changetype<P>(0).vector<W>(gamma, j, ONE));
  const rest = nmadd(f32x4.sub(w.load(x + j), mean), slope, f32x4.sub(g, shift));
  w.store(dx + j, f32x4.mul(inverseStd, rest));
}

@inline
function backward<P>(
  rows: i32, n: i32, x: usize, dy: usize, mean: usize, inverseStd: usize, gamma: usize, dx: usize,
): void {
  const parameters = changetype<P>(0);
  const stride = bytes(n), pairs = bytes(n & ~7), body = bytes(n & ~3);
  for (let i = 0; i < rows; i++, x += stride, dy += stride, dx += stride, mean += 4, inverseStd += 4) {
    const m = v128.load32_splat(mean);
    const inverse = load<f32>(inverseStd);
    let sum0 = ZERO, sum1 = ZERO, dot0 = ZERO, dot1 = ZERO;
    let j: usize = 0;
    for (; j < pairs; j += 32) {
      const g = f32x4.mul(v128.load(dy + j), parameters.vector<Four>(gamma, j, ONE));
      const h = f32x4.mul(v128.load(dy + j, 16), parameters.vector<FourAt4>(gamma, j, ONE));
      sum0 = f32x4.add(sum0, g);
      sum1 = f32x4.add(sum1, h);
      dot0 = madd(g, f32x4.sub(v128.load(x + j), m), dot0);
      dot1 = madd(h, f32x4.sub(v128.load(x + j, 16), m), dot1);
    }
    if (j < body) {
      const g = f32x4.mul(v128.load(dy + j), parameters.vector<Four>(gamma, j, ONE));
      sum0 = f32x4.add(sum0, g);
      dot0 = madd(g, f32x4.sub(v128.load(x + j), m), dot0);
      j += 16;
    }
    for (; j < stride; j += 4) {
      const g = f32x4.mul(v128.load32_zero(dy + j), parameters.vector<One>(gamma, j, ONE));
      sum1 = f32x4.add(sum1, g);
      dot1 = madd(g, f32x4.sub(v128.load32_zero(x + j), m), dot1); // g is zero in the other lanes
    }
    const shift = f32x4.splat(sumLanes(f32x4.add(sum0, sum1)) / <f32>n);
    const slope = f32x4.splat((sumLanes(f32x4.add(dot0, dot1)) * inverse * inverse) / <f32>n);
    const scale = f32x4.splat(inverse);
    j = 0;
    for (; j < body; j += 16) backwardLanes<Four, P>(x, dy, gamma, dx, j, m, scale, shift, slope);
    for (; j < stride; j += 4) backwardLanes<One, P>(x, dy, gamma, dx, j, m, scale, shift, slope);
  }
}

/**
 * dx = inverseStd (g - sum(g) / n - xhat sum(g xhat) / n) row by row, with g = dy gamma and xhat = (x - mean) inverseStd.
 * x, dy, dx: [rows, n]; mean, inverseStd: one float a row; gamma: n floats, optional. dx may be dy or x. Overwrites dx.
 */
export function layerNormBackward(
  rows: i32, n: i32, x: usize, dy: usize, mean: usize, inverseStd: usize, gamma: usize, dx: usize,
): void {
  if (gamma) backward<Given>(rows, n, x, dy, mean, inverseStd, gamma, dx);
  else backward<Optional>(rows, n, x, dy, mean, inverseStd, gamma, dx);
}

function parameterStrip<A, B, C, D>(
  rows: i32, stride: usize, x: usize, dy: usize, mean: usize, inverseStd: usize, dgamma: usize, dbeta: usize,
): void {
  const a = changetype<A>(0), b = changetype<B>(0), c = changetype<C>(0), d = changetype<D>(0);
  let sumA = ZERO, sumB = ZERO, sumC = ZERO, sumD = ZERO;
  let dotA = ZERO, dotB = ZERO, dotC = ZERO, dotD = ZERO;
  for (let i = 0; i < rows; i++, x += stride, dy += stride, mean += 4, inverseStd += 4) {
    const m = v128.load32_splat(mean), inverse = v128.load32_splat(inverseStd);
    const u = a.load(dy);
    sumA = f32x4.add(sumA, u);
    dotA = madd(u, f32x4.mul(f32x4.sub(a.load(x), m), inverse), dotA);
    const v = b.load(dy);
    sumB = f32x4.add(sumB, v);
    dotB = madd(v, f32x4.mul(f32x4.sub(b.load(x), m), inverse), dotB);
    const w = c.load(dy);
    sumC = f32x4.add(sumC, w);
    dotC = madd(w, f32x4.mul(f32x4.sub(c.load(x), m), inverse), dotC);
    const z = d.load(dy);
    sumD = f32x4.add(sumD, z);
    dotD = madd(z, f32x4.mul(f32x4.sub(d.load(x), m), inverse), dotD);
  }
  storeIf<A>(dgamma, dotA);
  storeIf<B>(dgamma, dotB);
  storeIf<C>(dgamma, dotC);
  storeIf<D>(dgamma, dotD);
  storeIf<A>(dbeta, sumA);
  storeIf<B>(dbeta, sumB);
  storeIf<C>(dbeta, sumC);
  storeIf<D>(dbeta, sumD);
}

/**
 * dgamma = sum(dy xhat), dbeta = sum(dy) over the rows, in their order, xhat = (x - mean) inverseStd.
 * x, dy: [rows, n] with ld floats from row to row, so that a call may take some of the columns; mean, inverseStd: one float a
 * row; dgamma, dbeta: n floats, optional. Overwrites dgamma and dbeta.
 */
export function layerNormParameterGradient(
  rows: i32, n: i32, x: usize, ld: i32, dy: usize, mean: usize, inverseStd: usize, dgamma: usize, dbeta: usize,
): void {
  const stride = bytes(ld);
  const body = bytes(n & ~15), quads = bytes(n & ~3), end = bytes(n);
  let j: usize = 0;
  for (; j < body; j += 64) {
    parameterStrip<Four, FourAt4, FourAt8, FourAt12>(
      rows, stride, x + j, dy + j, mean, inverseStd, column(dgamma, j), column(dbeta, j),
    );
  }
  for (; j < quads; j += 16) {
    parameterStrip<Four, None, None, None>(
      rows, stride, x + j, dy + j, mean, inverseStd, column(dgamma, j), column(dbeta, j),
    );
  }
  for (; j < end; j += 4) {
    parameterStrip<One, None, None, None>(
      rows, stride, x + j, dy + j, mean, inverseStd, column(dgamma, j), column(dbeta, j),
    );
  }
}
