/**
 * Elementary functions of four f32 lanes. Bounds are in units in the last place against the exact value, the largest
 * over all 2^32 arguments and both builds (test/assembly/vmath.slow.test.ts); a lane's result does not depend on the
 * other lanes. NaN gives NaN, and every function reaches its limits at both infinities.
 *
 * Sources: range reduction of exp and log after Cody & Waite, "Software Manual for the Elementary Functions", 1980;
 * the coefficients are our own minimax fits, printed by scripts/minimax.py. f32x4.min, max and trunc_sat cost several
 * instructions on x86, hence pmin and pmax (a < b ? b : a, so that a NaN in the first argument stays) and rounding by
 * adding 1.5 * 2^23: then the sum's low bits are the integer. On x86 two of three vector ports multiply, shift and
 * compare, and these functions keep both busy: so they are written for few of those, and sums that a multiplication does
 * not need and integer additions come free.
 */
import { madd, nmadd, select } from "./simd";

/**
 * A constant of the table in linear memory, in all four lanes. As a v128.const it would cost three instructions at each
 * use in V8 13 and later (e^x: 2.0 ns an element instead of 1.2, baseline build, Node 24).
 */
@inline
export function splat(constant: usize): v128 {
  return v128.load32_splat(constant);
}

const ZERO = f32x4.splat(0);
export const HALF = memory.data<f32>([0.5]);
export const ONE = memory.data<f32>([1]);
export const TWO = memory.data<f32>([2]);
const INFINITE = memory.data<f32>([Infinity]);
export const SIGN = memory.data<u32>([0x80000000]);
export const EXPONENT = memory.data<u32>([0xff800000]);

// exp: x = n ln 2 + r with |r| <= ln(2) / 2, exp(r) = 1 + r + r^2 (E0 + E1 r + ... + E4 r^4), relative error 2^-26.
export const LOG2E = memory.data<f32>([1.44269504]);
/** ln 2 in two parts; the high one has 9 trailing zero bits, so that its product with any exponent is exact. */
export const LN2_HIGH = memory.data<f32>([0.693145752]);
export const LN2_LOW = memory.data<f32>([1.42860677e-6]);
export const LN2 = memory.data<f32>([0.693147182]);
export const E0 = memory.data<f32>([0.49999997]);
export const E1 = memory.data<f32>([0.166665465]);
export const E2 = memory.data<f32>([0.0416674428]);
export const E3 = memory.data<f32>([0.00836625323]);
export const E4 = memory.data<f32>([0.00138699461]);
/** 2^-64 times E0 to E4; the first two coefficients are TWO_TO_MINUS_64. */
const F0 = memory.data<f32>([2.71050527e-20]);
const F1 = memory.data<f32>([9.03495294e-21]);
const F2 = memory.data<f32>([2.2587966e-21]);
const F3 = memory.data<f32>([4.53535496e-22]);
const F4 = memory.data<f32>([7.51891286e-23]);
/** 1.5 * 2^23 + b: shifted left by 23, the bits of n + this are 2^(n + b - 127). */
const ROUND_254 = memory.data<f32>([12583166]);
const ROUND_191 = memory.data<f32>([12583103]);
export const ROUND_127 = memory.data<f32>([12583039]);
const ROUND_126 = memory.data<f32>([12583038]);
const TWO_TO_MINUS_64 = memory.data<f32>([5.42101086e-20]);
/** Beyond these exp is 0 and infinite. */
export const EXP_LOWEST = memory.data<f32>([-104]);
const EXP_HIGHEST = memory.data<f32>([89]);
/** Below this expm1 is -1. */
export const EXPM1_LOWEST = memory.data<f32>([-18]);
/** Halving a smaller number may round. */
const TINY = memory.data<f32>([1e-30]);

/** e^r - 1 for |r| <= ln(2) / 2. In pairs of terms, because more than one waits for r^2. */
@inline
function expm1Reduced(r: v128, e0: v128, e1: v128, e2: v128, e3: v128, e4: v128): v128 {
  const square = f32x4.mul(r, r);
  const high = madd(square, e4, madd(e3, r, e2));
  const q = madd(square, high, madd(e1, r, e0));
  return madd(square, q, r);
}

/** c e^r for |r| <= ln(2) / 2, from c and c times E0 to E4. */
@inline
function expReduced(r: v128, c: v128, e0: v128, e1: v128, e2: v128, e3: v128, e4: v128): v128 {
  const q = madd(madd(madd(madd(e4, r, e3), r, e2), r, e1), r, e0);
  return madd(madd(q, r, c), r, c);
}

/** x - n ln 2 */
@inline
function reduced(x: v128, n: v128): v128 {
  return nmadd(n, splat(LN2_LOW), nmadd(n, splat(LN2_HIGH), x));
}

/** e^x. 2 ULP, subnormal results included. */
@inline
export function exp(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, splat(EXP_LOWEST)), splat(EXP_HIGHEST));
  const rounded = madd(x, splat(LOG2E), splat(ROUND_254));
  const r = reduced(x, f32x4.sub(rounded, splat(ROUND_254)));
  const p = expReduced(r, splat(ONE), splat(E0), splat(E1), splat(E2), splat(E3), splat(E4));
  // 2^n has no f32 when n is below -126 or above 127: two factors 2^floor(n / 2) and 2^ceil(n / 2) always have.
  const half = i32x4.shl(rounded, 22);
  const low = v128.and(half, splat(EXPONENT));
  const high = i32x4.sub(i32x4.add(half, half), low);
  return f32x4.mul(f32x4.mul(p, low), high);
}

/** e^x for x <= 43, where 2^64 e^x has an f32. 2 ULP. Six instructions shorter than exp. */
@inline
export function expBounded(x: v128): v128 {
  x = f32x4.pmax(x, splat(EXP_LOWEST));
  const rounded = madd(x, splat(LOG2E), splat(ROUND_191));
  const r = reduced(x, f32x4.sub(rounded, splat(ROUND_191)));
  const p = expReduced(r, splat(TWO_TO_MINUS_64), splat(F0), splat(F1), splat(F2), splat(F3), splat(F4));
  return f32x4.mul(p, i32x4.shl(rounded, 23));
}

// 2^f for |f| <= 1/2: 1 + f (P0 + P1 f + ... + P4 f^4), relative error 2^-23.4.
const P0 = memory.data<f32>([0.693147004]);
const P1 = memory.data<f32>([0.240222469]);
const P2 = memory.data<f32>([0.0555071086]);
const P3 = memory.data<f32>([0.00967129134]);
const P4 = memory.data<f32>([0.00132695213]);

/** 2^x for -127.5 < x < 127.5, but 0 below -126.5. 2 ULP. */
@inline
export function exp2(x: v128): v128 {
  const rounded = f32x4.add(x, splat(ROUND_127));
  const f = f32x4.sub(x, f32x4.sub(rounded, splat(ROUND_127)));
  const q = madd(madd(madd(madd(splat(P4), f, splat(P3)), f, splat(P2)), f, splat(P1)), f, splat(P0));
  return f32x4.mul(madd(q, f, splat(ONE)), i32x4.shl(rounded, 23));
}

/** e^x - 1. 3 ULP; -0 gives -0. */
@inline
export function expm1(x: v128): v128 {
  const inside = f32x4.pmin(f32x4.pmax(x, splat(EXPM1_LOWEST)), splat(EXP_HIGHEST));
  const rounded = madd(inside, splat(LOG2E), splat(ROUND_126));
  const r = reduced(inside, f32x4.sub(rounded, splat(ROUND_126)));
  const p = expm1Reduced(r, splat(E0), splat(E1), splat(E2), splat(E3), splat(E4));
  // Half the result, as 2^n itself may be too large: 2^(n-1) (e^r - 1) + (2^(n-1) - 1/2).
  const scale = i32x4.shl(rounded, 23);
  const half = madd(p, scale, f32x4.sub(scale, splat(HALF)));
  return select(f32x4.lt(f32x4.abs(x), splat(TINY)), x, f32x4.add(half, half));
}

/** e^r - 1 for x = n ln 2 + r <= 0, from rounded = n + round. */
@inline
function expm1NonPositiveReduced(
  x: v128, rounded: v128, round: v128, ln2: v128, e0: v128, e1: v128, e2: v128, e3: v128, e4: v128,
): v128 {
  // One part of ln 2 is enough: its error, n times as large, counts only 2^n beside the -1.
  return expm1Reduced(nmadd(f32x4.sub(rounded, round), ln2, x), e0, e1, e2, e3, e4);
}

/** e^x - 1 for x <= 0. 2 ULP; +0 at both zeros. */
@inline
export function expm1NonPositive(x: v128): v128 {
  x = f32x4.pmax(x, splat(EXPM1_LOWEST));
  const rounded = madd(x, splat(LOG2E), splat(ROUND_127));
  const p = expm1NonPositiveReduced(
    x, rounded, splat(ROUND_127), splat(LN2), splat(E0), splat(E1), splat(E2), splat(E3), splat(E4),
  );
  const scale = i32x4.shl(rounded, 23);
  return madd(p, scale, f32x4.sub(scale, splat(ONE)));
}

// log: x = 2^k m with sqrt(1/2) <= m < sqrt(2), f = m - 1,
// log(1 + f) = f - f^2 / 2 + f^3 (L0 + L1 f + ... + L6 f^6), relative error 2^-25.
const L0 = memory.data<f32>([0.333339095]);
const L1 = memory.data<f32>([-0.250013351]);
const L2 = memory.data<f32>([0.19963102]);
const L3 = memory.data<f32>([-0.165776506]);
const L4 = memory.data<f32>([0.149144813]);
const L5 = memory.data<f32>([-0.142669439]);
const L6 = memory.data<f32>([0.0870051607]);
export const SQRT_HALF = memory.data<f32>([0.707106769]);
const TWO_TO_MINUS_23 = memory.data<f32>([1.1920929e-7]);
const TWO_TO_23 = memory.data<f32>([8388608]);
const SMALLEST_NORMAL = memory.data<f32>([1.17549435e-38]);
const QUARTER = memory.data<f32>([0.25]);
export const FOUR = memory.data<f32>([4]);
const MINUS_ONE = memory.data<f32>([-1]);
const MINUS_HALF = memory.data<f32>([-0.5]);
const MINUS_INFINITE = memory.data<f32>([-Infinity]);
const MINUS_23 = memory.data<f32>([-23]);

/** k ln 2 + log(1 + f) */
@inline
function logReduced(k: v128, f: v128): v128 {
  const square = f32x4.mul(f, f);
  const high = madd(square, splat(L6), madd(splat(L5), f, splat(L4)));
  const low = madd(square, madd(splat(L3), f, splat(L2)), madd(splat(L1), f, splat(L0)));
  const q = madd(f32x4.mul(square, square), high, low);
  const rest = madd(k, splat(LN2_LOW), f32x4.mul(square, madd(q, f, splat(MINUS_HALF))));
  return madd(k, splat(LN2_HIGH), f32x4.add(f, rest));
}

/** Natural logarithm. 2 ULP; log(0) = -Infinity, NaN below zero. */
@inline
export function log(x: v128): v128 {
  const subnormal = f32x4.lt(x, splat(SMALLEST_NORMAL));
  const normal = select(subnormal, f32x4.mul(x, splat(TWO_TO_23)), x);
  const exponent = v128.and(i32x4.sub(normal, splat(SQRT_HALF)), splat(EXPONENT));
  const f = f32x4.sub(i32x4.sub(normal, exponent), splat(ONE));
  const k = madd(f32x4.convert_i32x4_s(exponent), splat(TWO_TO_MINUS_23), v128.and(subnormal, splat(MINUS_23)));
  let y = logReduced(k, f);
  y = select(f32x4.lt(x, splat(INFINITE)), y, x);
  y = select(f32x4.eq(x, ZERO), splat(MINUS_INFINITE), y);
  return v128.or(y, f32x4.lt(x, ZERO));
}

/** log1p without its special cases, for 0 <= x <= 1: f = (x + 1) / 2^k - 1 without rounding 1 + x. */
@inline
function log1pReduced(x: v128): v128 {
  const exponent = v128.and(i32x4.sub(f32x4.add(x, splat(ONE)), splat(SQRT_HALF)), splat(EXPONENT));
  // x / 2^k and 1 / 2^k by their exponents; four times the latter, because k reaches 128.
  const f = f32x4.add(i32x4.sub(x, exponent), madd(i32x4.sub(splat(FOUR), exponent), splat(QUARTER), splat(MINUS_ONE)));
  return logReduced(f32x4.mul(f32x4.convert_i32x4_s(exponent), splat(TWO_TO_MINUS_23)), f);
}

/** log(1 + x). 3 ULP; -0 gives -0, log1p(-1) = -Infinity, NaN below. */
@inline
export function log1p(x: v128): v128 {
  let y = v128.or(log1pReduced(x), v128.and(x, splat(SIGN)));
  y = select(f32x4.lt(x, splat(INFINITE)), y, x);
  y = select(f32x4.eq(x, splat(MINUS_ONE)), splat(MINUS_INFINITE), y);
  return v128.or(y, f32x4.lt(x, splat(MINUS_ONE)));
}

/** log(1 + e^x) = max(x, 0) + log1p(e^-|x|). 4 ULP. */
@inline
export function softplus(x: v128): v128 {
  return f32x4.add(f32x4.pmax(x, ZERO), log1pReduced(expBounded(v128.or(x, splat(SIGN)))));
}

// sigmoid: 32 e^r = 32 + 32 r + r^2 (S0 + S1 r + ... + S4 r^4), 32 times the coefficients of exp, so that the largest
// argument and the first two coefficients are one constant: with eleven others it leaves three of the registers free.
export const SIGMOID_HIGHEST = memory.data<f32>([32]);
export const MINUS_LOG2E = memory.data<f32>([-1.44269504]);
/** 1.5 * 2^23 + 127 - 37: shifted left by 23, the bits of n + this are 2^(n - 37). */
export const ROUND_90 = memory.data<f32>([12583002]);
export const S0 = memory.data<f32>([15.999999]);
export const S1 = memory.data<f32>([5.33329487]);
export const S2 = memory.data<f32>([1.33335817]);
export const S3 = memory.data<f32>([0.267720103]);
export const S4 = memory.data<f32>([0.0443838276]);
export const TWO_TO_MINUS_32 = memory.data<f32>([2.32830644e-10]);

/** 32 e^r for -x = n ln 2 + r, from rounded = n + round. */
@inline
function sigmoidReduced(
  x: v128, rounded: v128, round: v128, ln2High: v128, ln2Low: v128, c: v128, s0: v128, s1: v128, s2: v128, s3: v128, s4: v128,
): v128 {
  const n = f32x4.sub(rounded, round);
  const t = madd(n, ln2Low, madd(n, ln2High, x)); // -r
  const q = nmadd(nmadd(nmadd(nmadd(s4, t, s3), t, s2), t, s1), t, s0);
  return nmadd(nmadd(q, t, c), t, c);
}

/** sigmoid with its constants as arguments, for loops that keep them in registers. */
@inline
export function sigmoidOf(
  x: v128, lowest: v128, highest: v128, minusLog2e: v128, round: v128, ln2High: v128, ln2Low: v128,
  s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, one: v128,
): v128 {
  x = f32x4.pmin(f32x4.pmax(x, lowest), highest);
  const rounded = madd(x, minusLog2e, round);
  const p = sigmoidReduced(x, rounded, round, ln2High, ln2Low, highest, s0, s1, s2, s3, s4);
  // 2^-32 / (2^-32 + 2^-32 e^-x), because e^-x itself may be too large.
  return f32x4.div(one, madd(p, i32x4.shl(rounded, 23), one));
}

/** 1 / (1 + e^-x). 4 ULP; 0 below -104 and 1 above 17 only. */
@inline
export function sigmoid(x: v128): v128 {
  return sigmoidOf(
    x, splat(EXP_LOWEST), splat(SIGMOID_HIGHEST), splat(MINUS_LOG2E), splat(ROUND_90), splat(LN2_HIGH), splat(LN2_LOW),
    splat(S0), splat(S1), splat(S2), splat(S3), splat(S4), splat(TWO_TO_MINUS_32),
  );
}

/**
 * s (1 + w (1 - s)) with s = sigmoid(x): the derivative of y sigmoid(x) by y where w = y x'. 1 - s is made as sigmoid(-x),
 * because w magnifies what a difference would lose.
 */
@inline
export function gateDerivative(x: v128, w: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, splat(EXP_LOWEST)), splat(SIGMOID_HIGHEST));
  const rounded = madd(x, splat(MINUS_LOG2E), splat(ROUND_90));
  const p = sigmoidReduced(
    x, rounded, splat(ROUND_90), splat(LN2_HIGH), splat(LN2_LOW), splat(SIGMOID_HIGHEST),
    splat(S0), splat(S1), splat(S2), splat(S3), splat(S4),
  );
  const z = f32x4.mul(p, i32x4.shl(rounded, 23)); // 2^-32 e^-x
  const inverse = f32x4.div(splat(ONE), f32x4.add(z, splat(TWO_TO_MINUS_32)));
  const s = f32x4.mul(splat(TWO_TO_MINUS_32), inverse);
  return f32x4.mul(s, madd(w, f32x4.mul(z, inverse), splat(ONE)));
}

/** tanh with its constants as arguments, for loops that keep them in registers. */
@inline
export function tanhOf(
  x: v128, sign: v128, lowest: v128, log2e: v128, round: v128, ln2: v128,
  e0: v128, e1: v128, e2: v128, e3: v128, e4: v128, one: v128, two: v128,
): v128 {
  const v = f32x4.pmax(v128.or(f32x4.add(x, x), sign), lowest); // -2|x|
  const rounded = madd(v, log2e, round);
  const p = expm1NonPositiveReduced(v, rounded, round, ln2, e0, e1, e2, e3, e4);
  const scale = i32x4.shl(rounded, 23);
  const u = nmadd(p, scale, f32x4.sub(one, scale));
  return v128.or(f32x4.div(u, f32x4.sub(two, u)), v128.and(x, sign));
}

/** Hyperbolic tangent: u / (2 - u) with u = 1 - e^(-2|x|), then the sign of x. 3 ULP; odd, at most 1. */
@inline
export function tanh(x: v128): v128 {
  return tanhOf(
    x, splat(SIGN), splat(EXPM1_LOWEST), splat(LOG2E), splat(ROUND_127), splat(LN2),
    splat(E0), splat(E1), splat(E2), splat(E3), splat(E4), splat(ONE), splat(TWO),
  );
}

// erf: -log(1 - erf(x)) = x + x G(x), G(x) = G0 + G1 x + ... + G7 x^7 for 0 <= x <= 4, so that erf has a relative error
// of 2^-24. The x apart: near 0 it is most of the sum, and exact. Beyond 4 the polynomial goes on growing, and
// e^(-x - x G(x)) is too small to matter.
const G0 = memory.data<f32>([0.128379211]);
const G1 = memory.data<f32>([0.63661623]);
const G2 = memory.data<f32>([0.102817297]);
const G3 = memory.data<f32>([-0.0193326697]);
const G4 = memory.data<f32>([0.00022425002]);
const G5 = memory.data<f32>([0.00123669929]);
const G6 = memory.data<f32>([-0.000375376781]);
const G7 = memory.data<f32>([3.99539967e-5]);

/** Here 1 - erf(x) is 0 as f32, and no power in G overflows. */
const ERF_HIGHEST = memory.data<f32>([12]);

/** log(1 - erf(|x|)), at most 0. */
@inline
function logErfc(x: v128): v128 {
  const a = f32x4.pmin(f32x4.abs(x), splat(ERF_HIGHEST));
  const square = f32x4.mul(a, a);
  const high = madd(square, madd(splat(G7), a, splat(G6)), madd(splat(G5), a, splat(G4)));
  const low = madd(square, madd(splat(G3), a, splat(G2)), madd(splat(G1), a, splat(G0)));
  const g = madd(f32x4.mul(square, square), high, low);
  return nmadd(a, g, v128.or(a, splat(SIGN)));
}

/** Error function. 4 ULP; odd, at most 1. */
@inline
export function erf(x: v128): v128 {
  return v128.bitselect(x, expm1NonPositive(logErfc(x)), splat(SIGN));
}
