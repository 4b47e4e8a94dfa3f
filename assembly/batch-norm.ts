/**
 * Batch normalization of [rows, n] over the rows: y = gamma (x - mean) / sqrt(variance + epsilon) + beta. Ioffe & Szegedy 2015.
 *
 * Matrices have ld floats from one row to the next, so that a kernel can be given some of the columns: a column's result does
 * not depend on which others are in the call. Rows are never split, and are added in one fixed order. The address 0 means that
 * a layer has no such parameter, or that a gradient is not wanted. Sixteen columns (a cache line) go through all rows at a time.
 */
import { bytes, Four, FourAt12, FourAt4, FourAt8, One, sweep2 } from "./lanes";
import { madd, nmadd } from "./simd";
import { column, loadOr, None, storeIf } from "./strips";

const ZERO = f32x4.splat(0);
const ONE = f32x4.splat(1);

function statisticsStrip<A, B, C, D>(rows: i32, stride: usize, x: usize, mean: usize, variance: usize): void {
  const a = changetype<A>(0), b = changetype<B>(0), c = changetype<C>(0), d = changetype<D>(0);
  const count = f32x4.splat(<f32>rows);
  const end = x + <usize>rows * stride;

  let sumA = ZERO, sumB = ZERO, sumC = ZERO, sumD = ZERO;
  for (let p = x; p < end; p += stride) {
    sumA = f32x4.add(sumA, a.load(p));
    sumB = f32x4.add(sumB, b.load(p));
    sumC = f32x4.add(sumC, c.load(p));
    sumD = f32x4.add(sumD, d.load(p));
  }
  const meanA = f32x4.div(sumA, count);
  const meanB = f32x4.div(sumB, count);
  const meanC = f32x4.div(sumC, count);
  const meanD = f32x4.div(sumD, count);

  sumA = ZERO; sumB = ZERO; sumC = ZERO; sumD = ZERO;
  let squaresA = ZERO, squaresB = ZERO, squaresC = ZERO, squaresD = ZERO;
  for (let p = x; p < end; p += stride) {
    const u = f32x4.sub(a.load(p), meanA);
    sumA = f32x4.add(sumA, u);
    squaresA = madd(u, u, squaresA);
    const v = f32x4.sub(b.load(p), meanB);
    sumB = f32x4.add(sumB, v);
    squaresB = madd(v, v, squaresB);
    const w = f32x4.sub(c.load(p), meanC);
    sumC = f32x4.add(sumC, w);
    squaresC = madd(w, w, squaresC);
    const z = f32x4.sub(d.load(p), meanD);
    sumD = f32x4.add(sumD, z);
    squaresD = madd(z, z, squaresD);
  }
  finish<A>(mean, variance, count, meanA, sumA, squaresA);
  finish<B>(mean, variance, count, meanB, sumB, squaresB);
  finish<C>(mean, variance, count, meanC, sumC, squaresC);
  finish<D>(mean, variance, count, meanD, sumD, squaresD);
}

/** The second pass also sums the deviations: what the first mean was off, which both results are corrected by. */
@inline
function finish<W>(mean: usize, variance: usize, count: v128, firstMean: v128, sum: v128, squares: v128): void {
  const w = changetype<W>(0);
  const off = f32x4.div(sum, count);
  w.store(mean, f32x4.add(firstMean, off));
  w.store(variance, f32x4.pmax(nmadd(off, off, f32x4.div(squares, count)), ZERO));
}

/**
 * mean = sum(x) / rows, variance = sum((x - mean)^2) / rows, per column: biased, in two passes with a correction.
 * x: [rows, n] with ld floats a row; mean, variance: n floats, overwritten. Error of the variance: 1e-5 relative at a mean of
 * 1e4 standard deviations (Chan, Golub & LeVeque 1983, equation 1.7).
 */
export function batchNormStatistics(rows: i32, n: i32, x: usize, ld: i32, mean: usize, variance: usize): void {
  const stride = bytes(ld);
  let left = n;
  for (; left >= 16; left -= 16, x += 64, mean += 64, variance += 64) {
    statisticsStrip<Four, FourAt4, FourAt8, FourAt12>(rows, stride, x, mean, variance);
  }
  for (; left >= 4; left -= 4, x += 16, mean += 16, variance += 16) {
    statisticsStrip<Four, None, None, None>(rows, stride, x, mean, variance);
  }
  for (; left > 0; left--, x += 4, mean += 4, variance += 4) {
    statisticsStrip<One, None, None, None>(rows, stride, x, mean, variance);
  }
}

@unmanaged
@final
class InverseStd {
  @inline lanes<W>(y: usize, variance: usize, epsilon: v128, b: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(y, f32x4.div(ONE, f32x4.sqrt(f32x4.add(w.load(variance), epsilon))));
  }
}

/** inverseStd = 1 / sqrt(variance + epsilon). n floats; inverseStd may be variance. Overwrites inverseStd. */
export function inverseStandardDeviation(n: i32, variance: usize, inverseStd: usize, epsilon: f32): void {
  sweep2<InverseStd>(n, inverseStd, variance, f32x4.splat(epsilon), ZERO, ZERO);
}

@unmanaged
@final
class MovingUpdate {
  @inline lanes<W>(moving: usize, batch: usize, keep: v128, take: v128, c: v128): void {
    const w = changetype<W>(0);
    w.store(moving, madd(keep, w.load(moving), f32x4.mul(take, w.load(batch))));
  }
}

/**
 * moving = momentum * moving + (1 - momentum) * correction * batch: Keras's momentum, the weight of the old value. PyTorch's is
 * 1 - momentum, and it takes correction = rows / (rows - 1) for the variance. n floats, updates moving. The scalars are f64
 * because 1 - momentum would lose digits in f32.
 */
export function movingUpdate(n: i32, moving: usize, batch: usize, momentum: f64, correction: f64): void {
  const take = f32x4.splat(<f32>((1 - momentum) * correction));
  sweep2<MovingUpdate>(n, moving, batch, f32x4.splat(<f32>momentum), take, ZERO);
}

function forwardStrip<A, B, C, D>(
  rows: i32, stride: usize, x: usize, mean: usize, inverseStd: usize, gamma: usize, beta: usize, y: usize,
): void {
  const a = changetype<A>(0), b = changetype<B>(0), c = changetype<C>(0), d = changetype<D>(0);
  const meanA = a.load(mean), scaleA = f32x4.mul(a.load(inverseStd), loadOr<A>(gamma, ONE)), betaA = loadOr<A>(beta, ZERO);
  const meanB = b.load(mean), scaleB = f32x4.mul(b.load(inverseStd), loadOr<B>(gamma, ONE)), betaB = loadOr<B>(beta, ZERO);
  const meanC = c.load(mean), scaleC = f32x4.mul(c.load(inverseStd), loadOr<C>(gamma, ONE)), betaC = loadOr<C>(beta, ZERO);
  const meanD = d.load(mean), scaleD = f32x4.mul(d.load(inverseStd), loadOr<D>(gamma, ONE)), betaD = loadOr<D>(beta, ZERO);
  const end = x + <usize>rows * stride;
  for (; x < end; x += stride, y += stride) {
    a.store(y, madd(f32x4.sub(a.load(x), meanA), scaleA, betaA));
    b.store(y, madd(f32x4.sub(b.load(x), meanB), scaleB, betaB));
    c.store(y, madd(f32x4.sub(c.load(x), meanC), scaleC, betaC));
    d.store(y, madd(f32x4.sub(d.load(x), meanD), scaleD, betaD));
  }
}

/**
 * y = (x - mean) * (inverseStd * gamma) + beta, with the statistics of the batch in training and the moving ones in inference.
 * x, y: [rows, n] with ld floats a row; mean, inverseStd, gamma, beta: n floats, gamma and beta optional. y may be x.
 * Overwrites y. Saved for backward: x, mean, inverseStd. One row normalized by itself gives beta exactly.
 */
export function batchNormForward(
  rows: i32, n: i32, x: usize, ld: i32, mean: usize, inverseStd: usize, gamma: usize, beta: usize, y: usize,
): void {
  const stride = bytes(ld);
  const body = bytes(n & ~15), quads = bytes(n & ~3), end = bytes(n);
  let j: usize = 0;
  for (; j < body; j += 64) {
    forwardStrip<Four, FourAt4, FourAt8, FourAt12>(
      rows, stride, x + j, mean + j, inverseStd + j, column(gamma, j), column(beta, j), y + j,
    );
  }
  for (; j < quads; j += 16) {
    forwardStrip<Four, None, None, None>(
      rows, stride, x + j, mean + j, inverseStd + j, column(gamma, j), column(beta, j), y + j,
    );
  }
  for (; j < end; j += 4) {
    forwardStrip<One, None, None, None>(
      rows, stride, x + j, mean + j, inverseStd + j, column(gamma, j), column(beta, j), y + j,
    );
  }
}

/** The gradients of a strip. Inference: the statistics are constants, so that nothing flows through them. */
function backwardStrip<A, B, C, D>(
  inference: bool, rows: i32, stride: usize, x: usize, dy: usize, mean: usize, inverseStd: usize, gamma: usize,
  dx: usize, dgamma: usize, dbeta: usize,
): void {
  const a = changetype<A>(0), b = changetype<B>(0), c = changetype<C>(0), d = changetype<D>(0);
  const meanA = a.load(mean), meanB = b.load(mean), meanC = c.load(mean), meanD = d.load(mean);
  const end = dy + <usize>rows * stride;

  // sum(dy) and sum(dy (x - mean))
  let sumA = ZERO, sumB = ZERO, sumC = ZERO, sumD = ZERO;
  let dotA = ZERO, dotB = ZERO, dotC = ZERO, dotD = ZERO;
  if (!inference || dgamma || dbeta) {
    for (let p = x, q = dy; q < end; p += stride, q += stride) {
      const u = a.load(q);
      sumA = f32x4.add(sumA, u);
      dotA = madd(u, f32x4.sub(a.load(p), meanA), dotA);
      const v = b.load(q);
      sumB = f32x4.add(sumB, v);
      dotB = madd(v, f32x4.sub(b.load(p), meanB), dotB);
      const w = c.load(q);
      sumC = f32x4.add(sumC, w);
      dotC = madd(w, f32x4.sub(c.load(p), meanC), dotC);
      const z = d.load(q);
      sumD = f32x4.add(sumD, z);
      dotD = madd(z, f32x4.sub(d.load(p), meanD), dotD);
    }
  }
  // sum(dy xhat), xhat = (x - mean) inverseStd
  const invA = a.load(inverseStd), invB = b.load(inverseStd), invC = c.load(inverseStd), invD = d.load(inverseStd);
  dotA = f32x4.mul(dotA, invA);
  dotB = f32x4.mul(dotB, invB);
  dotC = f32x4.mul(dotC, invC);
  dotD = f32x4.mul(dotD, invD);
  storeIf<A>(dgamma, dotA);
  storeIf<B>(dgamma, dotB);
  storeIf<C>(dgamma, dotC);
  storeIf<D>(dgamma, dotD);
  storeIf<A>(dbeta, sumA);
  storeIf<B>(dbeta, sumB);
  storeIf<C>(dbeta, sumC);
  storeIf<D>(dbeta, sumD);
  if (!dx) return;

  const scaleA = f32x4.mul(invA, loadOr<A>(gamma, ONE));
  const scaleB = f32x4.mul(invB, loadOr<B>(gamma, ONE));
  const scaleC = f32x4.mul(invC, loadOr<C>(gamma, ONE));
  const scaleD = f32x4.mul(invD, loadOr<D>(gamma, ONE));
  if (inference) {
    for (; dy < end; dy += stride, dx += stride) {
      a.store(dx, f32x4.mul(a.load(dy), scaleA));
      b.store(dx, f32x4.mul(b.load(dy), scaleB));
      c.store(dx, f32x4.mul(c.load(dy), scaleC));
      d.store(dx, f32x4.mul(d.load(dy), scaleD));
    }
    return;
  }
  const count = f32x4.splat(<f32>rows);
  inputGradient<A, B>(
    stride, end, x, dy, dx, meanA, meanB, scaleA, scaleB,
    f32x4.div(sumA, count), f32x4.div(sumB, count),
    f32x4.div(f32x4.mul(dotA, invA), count), f32x4.div(f32x4.mul(dotB, invB), count),
  );
  inputGradient<C, D>(
    stride, end, x, dy, dx, meanC, meanD, scaleC, scaleD,
    f32x4.div(sumC, count), f32x4.div(sumD, count),
    f32x4.div(f32x4.mul(dotC, invC), count), f32x4.div(f32x4.mul(dotD, invD), count),
  );
}

/** dx = scale (dy - shift - (x - mean) slope). Two vectors a row: the constants of four would not fit the registers. */
@inline
function inputGradient<A, B>(
  stride: usize, end: usize, x: usize, dy: usize, dx: usize, meanA: v128, meanB: v128, scaleA: v128, scaleB: v128,
  shiftA: v128, shiftB: v128, slopeA: v128, slopeB: v128,
): void {
  const a = changetype<A>(0), b = changetype<B>(0);
  for (; dy < end; x += stride, dy += stride, dx += stride) {
    const u = nmadd(f32x4.sub(a.load(x), meanA), slopeA, f32x4.sub(a.load(dy), shiftA));
    const v = nmadd(f32x4.sub(b.load(x), meanB), slopeB, f32x4.sub(b.load(dy), shiftB));
    a.store(dx, f32x4.mul(scaleA, u));
    b.store(dx, f32x4.mul(scaleB, v));
  }
}

@inline
function backward(
  inference: bool, rows: i32, n: i32, x: usize, ld: i32, dy: usize, mean: usize, inverseStd: usize, gamma: usize,
  dx: usize, dgamma: usize, dbeta: usize,
): void {
  const stride = bytes(ld);
  const body = bytes(n & ~15), quads = bytes(n & ~3), end = bytes(n);
  let j: usize = 0;
  for (; j < body; j += 64) {
    backwardStrip<Four, FourAt4, FourAt8, FourAt12>(
      inference, rows, stride, x + j, dy + j, mean + j, inverseStd + j, column(gamma, j),
      column(dx, j), column(dgamma, j), column(dbeta, j),
    );
  }
  for (; j < quads; j += 16) {
    backwardStrip<Four, None, None, None>(
      inference, rows, stride, x + j, dy + j, mean + j, inverseStd + j, column(gamma, j),
      column(dx, j), column(dgamma, j), column(dbeta, j),
    );
  }
  for (; j < end; j += 4) {
    backwardStrip<One, None, None, None>(
      inference, rows, stride, x + j, dy + j, mean + j, inverseStd + j, column(gamma, j),
      column(dx, j), column(dgamma, j), column(dbeta, j),
    );
  }
}

/**
 * The gradients of batchNormForward with the statistics of the batch:
 * dgamma = sum(dy xhat), dbeta = sum(dy), dx = gamma inverseStd (dy - dbeta / rows - xhat dgamma / rows), xhat = (x - mean) inverseStd.
 * x, dy, dx: [rows, n] with ld floats a row; the others n floats. dx may be dy or x. gamma, dx, dgamma, dbeta are optional.
 * Overwrites dx, dgamma and dbeta.
 */
export function batchNormBackward(
  rows: i32, n: i32, x: usize, ld: i32, dy: usize, mean: usize, inverseStd: usize, gamma: usize,
  dx: usize, dgamma: usize, dbeta: usize,
): void {
  backward(false, rows, n, x, ld, dy, mean, inverseStd, gamma, dx, dgamma, dbeta);
}

/**
 * The gradients of batchNormForward with constant statistics: dx = dy gamma inverseStd, dgamma and dbeta as in training.
 * Arguments as batchNormBackward; x is read only where dgamma or dbeta is wanted. Overwrites dx, dgamma and dbeta.
 */
export function batchNormInferenceBackward(
  rows: i32, n: i32, x: usize, ld: i32, dy: usize, mean: usize, inverseStd: usize, gamma: usize,
  dx: usize, dgamma: usize, dbeta: usize,
): void {
  backward(true, rows, n, x, ld, dy, mean, inverseStd, gamma, dx, dgamma, dbeta);
}
