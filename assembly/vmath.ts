/**
 * Elementary functions of four f32 lanes. Bounds are in units in the last place against the exact value, the largest
 * over all 2^32 arguments and both builds (test/assembly/vmath.slow.test.ts); a lane's result does not depend on the
 * other lanes. NaN gives NaN, and every function reaches its limits at both infinities.
 *
 * Sources: range reduction of exp and log after Cody & Waite, "Software Manual for the Elementary Functions", 1980;
 * the coefficients are our own minimax fits, printed by scripts/minimax.py. f32x4.min, max and trunc_sat cost several
 * instructions on x86, hence pmin and pmax (a < b ? b : a, so that a NaN in the first argument stays) and rounding by
 * adding 1.5 * 2^23: then the sum's low bits are the integer.
 */
import { madd, nmadd, select } from "./simd";

const ZERO = f32x4.splat(0);
const HALF = f32x4.splat(0.5);
const ONE = f32x4.splat(1);
const TWO = f32x4.splat(2);
const INFINITE = f32x4.splat(Infinity);
const SIGN = i32x4.splat(0x80000000);

// exp: x = n ln 2 + r with |r| <= ln(2) / 2, exp(r) = 1 + r + r^2 (E0 + E1 r + ... + E4 r^4), relative error 2^-26.
const LOG2E = f32x4.splat(1.44269504);
/** ln 2 in two parts; the high one has 9 trailing zero bits, so that its product with any exponent is exact. */
const LN2_HIGH = f32x4.splat(0.693145752);
const LN2_LOW = f32x4.splat(1.42860677e-6);
const LN2 = f32x4.splat(0.693147182);
const E0 = f32x4.splat(0.49999997);
const E1 = f32x4.splat(0.166665465);
const E2 = f32x4.splat(0.0416674428);
const E3 = f32x4.splat(0.00836625323);
const E4 = f32x4.splat(0.00138699461);
/** 1.5 * 2^23 + b: shifted left by 23, the bits of n + this are 2^(n + b - 127). */
const ROUND_254 = f32x4.splat(12583166);
const ROUND_191 = f32x4.splat(12583103);
const ROUND_127 = f32x4.splat(12583039);
const ROUND_126 = f32x4.splat(12583038);
const TWO_TO_MINUS_64 = f32x4.splat(5.42101086e-20);
/** Beyond these exp is 0 and infinite. */
const EXP_LOWEST = f32x4.splat(-104);
const EXP_HIGHEST = f32x4.splat(89);
/** Below this expm1 is -1. */
const EXPM1_LOWEST = f32x4.splat(-18);
/** Halving a smaller number may round. */
const TINY = f32x4.splat(1e-30);

/** (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2. */
@inline
function expQuotient(r: v128): v128 {
  let q = madd(E4, r, E3);
  q = madd(q, r, E2);
  q = madd(q, r, E1);
  return madd(q, r, E0);
}

/** x - n ln 2 */
@inline
function reduced(x: v128, n: v128): v128 {
  return nmadd(n, LN2_LOW, nmadd(n, LN2_HIGH, x));
}

/** e^x. 2 ULP, subnormal results included. */
@inline
export function exp(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, EXP_LOWEST), EXP_HIGHEST);
  const rounded = madd(x, LOG2E, ROUND_254);
  const r = reduced(x, f32x4.sub(rounded, ROUND_254));
  const p = madd(madd(expQuotient(r), r, ONE), r, ONE);
  // 2^n has no f32 when n is below -126 or above 127: two factors 2^floor(n / 2) and 2^ceil(n / 2) always have.
  const half = i32x4.shr_u(rounded, 1);
  const low = i32x4.shl(half, 23);
  const high = i32x4.shl(i32x4.sub(rounded, half), 23);
  return f32x4.mul(f32x4.mul(p, low), high);
}

/** e^x for x <= 0. 2 ULP. Four instructions shorter than exp. */
@inline
export function expNonPositive(x: v128): v128 {
  x = f32x4.pmax(x, EXP_LOWEST);
  const rounded = madd(x, LOG2E, ROUND_191);
  const r = reduced(x, f32x4.sub(rounded, ROUND_191));
  const p = madd(madd(expQuotient(r), r, ONE), r, ONE);
  return f32x4.mul(f32x4.mul(p, i32x4.shl(rounded, 23)), TWO_TO_MINUS_64);
}

/** e^x - 1. 3 ULP; -0 gives -0. */
@inline
export function expm1(x: v128): v128 {
  const inside = f32x4.pmin(f32x4.pmax(x, EXPM1_LOWEST), EXP_HIGHEST);
  const rounded = madd(inside, LOG2E, ROUND_126);
  const r = reduced(inside, f32x4.sub(rounded, ROUND_126));
  const p = madd(f32x4.mul(r, r), expQuotient(r), r);
  // Half the result, as 2^n itself may be too large: 2^(n-1) (e^r - 1) + (2^(n-1) - 1/2).
  const scale = i32x4.shl(rounded, 23);
  const half = madd(p, scale, f32x4.sub(scale, HALF));
  return select(f32x4.lt(f32x4.abs(x), TINY), x, f32x4.add(half, half));
}

/** e^x - 1 for x <= 0. 2 ULP; +0 at both zeros. */
@inline
export function expm1NonPositive(x: v128): v128 {
  x = f32x4.pmax(x, EXPM1_LOWEST);
  const rounded = madd(x, LOG2E, ROUND_127);
  // One part of ln 2 is enough: its error, n times as large, counts only 2^n beside the -1.
  const r = nmadd(f32x4.sub(rounded, ROUND_127), LN2, x);
  const p = madd(f32x4.mul(r, r), expQuotient(r), r);
  const scale = i32x4.shl(rounded, 23);
  return madd(p, scale, f32x4.sub(scale, ONE));
}

// log: x = 2^k m with sqrt(1/2) <= m < sqrt(2), f = m - 1,
// log(1 + f) = f - f^2 / 2 + f^3 (L0 + L1 f + ... + L6 f^6), relative error 2^-25.
const L0 = f32x4.splat(0.333339095);
const L1 = f32x4.splat(-0.250013351);
const L2 = f32x4.splat(0.19963102);
const L3 = f32x4.splat(-0.165776506);
const L4 = f32x4.splat(0.149144813);
const L5 = f32x4.splat(-0.142669439);
const L6 = f32x4.splat(0.0870051607);
const SQRT_HALF = f32x4.splat(0.707106769);
const EXPONENT = i32x4.splat(0xff800000);
const TWO_TO_MINUS_23 = f32x4.splat(1.1920929e-7);
const TWO_TO_23 = f32x4.splat(8388608);
const SMALLEST_NORMAL = f32x4.splat(1.17549435e-38);
const QUARTER = f32x4.splat(0.25);
const FOUR = f32x4.splat(4);
const MINUS_ONE = f32x4.splat(-1);
const MINUS_HALF = f32x4.splat(-0.5);
const MINUS_INFINITE = f32x4.splat(-Infinity);
const MINUS_23 = f32x4.splat(-23);

/** k ln 2 + log(1 + f) */
@inline
function logReduced(k: v128, f: v128): v128 {
  let q = madd(L6, f, L5);
  q = madd(q, f, L4);
  q = madd(q, f, L3);
  q = madd(q, f, L2);
  q = madd(q, f, L1);
  q = madd(q, f, L0);
  const square = f32x4.mul(f, f);
  const rest = madd(k, LN2_LOW, f32x4.mul(square, madd(q, f, MINUS_HALF)));
  return madd(k, LN2_HIGH, f32x4.add(f, rest));
}

/** Natural logarithm. 2 ULP; log(0) = -Infinity, NaN below zero. */
@inline
export function log(x: v128): v128 {
  const subnormal = f32x4.lt(x, SMALLEST_NORMAL);
  const normal = select(subnormal, f32x4.mul(x, TWO_TO_23), x);
  const exponent = v128.and(i32x4.sub(normal, SQRT_HALF), EXPONENT);
  const f = f32x4.sub(i32x4.sub(normal, exponent), ONE);
  const k = madd(f32x4.convert_i32x4_s(exponent), TWO_TO_MINUS_23, v128.and(subnormal, MINUS_23));
  let y = logReduced(k, f);
  y = select(f32x4.lt(x, INFINITE), y, x);
  y = select(f32x4.eq(x, ZERO), MINUS_INFINITE, y);
  return v128.or(y, f32x4.lt(x, ZERO));
}

/** log1p without its special cases, for 0 <= x <= 1: f = (x + 1) / 2^k - 1 without rounding 1 + x. */
@inline
function log1pReduced(x: v128): v128 {
  const exponent = v128.and(i32x4.sub(f32x4.add(x, ONE), SQRT_HALF), EXPONENT);
  // x / 2^k and 1 / 2^k by their exponents; four times the latter, because k reaches 128.
  const f = f32x4.add(i32x4.sub(x, exponent), madd(i32x4.sub(FOUR, exponent), QUARTER, MINUS_ONE));
  return logReduced(f32x4.mul(f32x4.convert_i32x4_s(exponent), TWO_TO_MINUS_23), f);
}

/** log(1 + x). 3 ULP; -0 gives -0, log1p(-1) = -Infinity, NaN below. */
@inline
export function log1p(x: v128): v128 {
  let y = v128.or(log1pReduced(x), v128.and(x, SIGN));
  y = select(f32x4.lt(x, INFINITE), y, x);
  y = select(f32x4.eq(x, MINUS_ONE), MINUS_INFINITE, y);
  return v128.or(y, f32x4.lt(x, MINUS_ONE));
}

/** log(1 + e^x) = max(x, 0) + log1p(e^-|x|). 4 ULP. */
@inline
export function softplus(x: v128): v128 {
  return f32x4.add(f32x4.pmax(x, ZERO), log1pReduced(expNonPositive(v128.or(x, SIGN))));
}

/** 1 / (1 + e^-x), as e^x / (1 + e^x) below zero. 4 ULP; 0 below -104 and 1 above 17 only. */
@inline
export function sigmoid(x: v128): v128 {
  const z = expNonPositive(v128.or(x, SIGN));
  return f32x4.div(select(f32x4.lt(x, ZERO), z, ONE), f32x4.add(ONE, z));
}

/** Hyperbolic tangent: -t / (t + 2) with t = e^(-2|x|) - 1, then the sign of x. 3 ULP; odd, at most 1. */
@inline
export function tanh(x: v128): v128 {
  const t = expm1NonPositive(v128.or(f32x4.add(x, x), SIGN));
  return v128.bitselect(x, f32x4.div(t, f32x4.add(t, TWO)), SIGN);
}

// erf: G(x) = -log(1 - erf(x)) / x = G0 + G1 x + ... + G7 x^7 for 0 <= x <= 4, so that erf has a relative error of 2^-24.
// Beyond 4 the polynomial goes on growing, and e^(-x G(x)) is too small to matter.
const G0 = f32x4.splat(1.12837923);
const G1 = f32x4.splat(0.636615157);
const G2 = f32x4.splat(0.102829099);
const G3 = f32x4.splat(-0.0193785988);
const G4 = f32x4.splat(0.000305133464);
const G5 = f32x4.splat(0.00116682239);
const G6 = f32x4.splat(-0.000346645742);
const G7 = f32x4.splat(3.54836193e-5);

/** log(1 - erf(|x|)), at most 0. */
@inline
function logErfc(x: v128): v128 {
  const a = f32x4.abs(x);
  let g = madd(G7, a, G6);
  g = madd(g, a, G5);
  g = madd(g, a, G4);
  g = madd(g, a, G3);
  g = madd(g, a, G2);
  g = madd(g, a, G1);
  g = madd(g, a, G0);
  return f32x4.mul(g, v128.or(x, SIGN));
}

/** Error function. 4 ULP; odd, at most 1. */
@inline
export function erf(x: v128): v128 {
  return v128.bitselect(x, expm1NonPositive(logErfc(x)), SIGN);
}

/** 1 - erf(|x|). 2^-23 absolute. */
@inline
export function erfcMagnitude(x: v128): v128 {
  return expNonPositive(logErfc(x));
}
