/**
 * Arithmetic on four f32 lanes. The only file that knows about relaxed SIMD: the relaxed build fuses multiply and
 * add into one rounding, the baseline build rounds twice. It is made from the relaxed one, by replacing the two
 * instructions below (packed/unpack.ts): so nothing else may depend on ASC_FEATURE_RELAXED_SIMD. The compiler resolves
 * it for the debug build, which computes as the baseline does.
 */

/** a * b + c */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** c - a * b */
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_nmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
}

/** mask ? a : b, lane by lane; each mask lane is all ones or all zeros. */
@inline
export function select(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask);
}

/** Sum of the four lanes, as (x0 + x2) + (x1 + x3): one fixed order in every kernel and build. */
@inline
export function sumLanes(x: v128): f32 {
  const pairs = f32x4.add(x, i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/**
 * Whether madd rounds once: 1 + 2^-12 squared leaves 2^-24 behind the rounded product only when fused.
 * Some engines accept relaxed SIMD without fusing it; then the baseline build is as fast and has fixed bits.
 */
export function isFused(x: f32): i32 {
  const a = f32x4.splat(x);
  const rounded = f32x4.splat(-(x * x));
  return i32(f32x4.extract_lane(madd(a, a, rounded), 0) != 0);
}
