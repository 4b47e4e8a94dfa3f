/**
 * How wide one pass of an elementwise kernel is. A formula is written once, as `lanes<W>(addresses, scalars)` of an
 * operation class; the body of a sweep runs it on four lanes, the tail on one lane of the same vector registers, so
 * that a value does not depend on its position. `changetype<W>(0)` only names the class whose inlined methods are
 * meant: no object exists at run time.
 *
 * Four, FourAt4, FourAt8, FourAt12 are the four vectors of an unrolled pass over 16 floats. Their offsets (in floats)
 * are immediates of the load and store instructions: an offset added to the address would cost an instruction each.
 */

@unmanaged
@final
export class Four {
  @inline load(p: usize): v128 { return v128.load(p); }
  @inline store(p: usize, v: v128): void { v128.store(p, v); }
}

@unmanaged
@final
export class FourAt4 {
  @inline load(p: usize): v128 { return v128.load(p, 16); }
  @inline store(p: usize, v: v128): void { v128.store(p, v, 16); }
}

@unmanaged
@final
export class FourAt8 {
  @inline load(p: usize): v128 { return v128.load(p, 32); }
  @inline store(p: usize, v: v128): void { v128.store(p, v, 32); }
}

@unmanaged
@final
export class FourAt12 {
  @inline load(p: usize): v128 { return v128.load(p, 48); }
  @inline store(p: usize, v: v128): void { v128.store(p, v, 48); }
}

/** One float, in lane 0; the other lanes are zero and are not stored. */
@unmanaged
@final
export class One {
  @inline load(p: usize): v128 { return v128.load32_zero(p); }
  @inline store(p: usize, v: v128): void { v128.store32_lane(p, v, 0); }
}

/** Bytes of n floats. */
@inline
export function bytes(n: i32): usize {
  return (<usize>n) << 2;
}

/** Runs op over n floats of one array; a, b, c are its scalars, already splatted. */
@inline
export function sweep1<Op>(n: i32, y: usize, a: v128, b: v128, c: v128): void {
  const op = changetype<Op>(0);
  const unrolled = y + bytes(n & ~15);
  const body = y + bytes(n & ~3);
  const end = y + bytes(n);
  for (; y < unrolled; y += 64) {
    op.lanes<Four>(y, a, b, c);
    op.lanes<FourAt4>(y, a, b, c);
    op.lanes<FourAt8>(y, a, b, c);
    op.lanes<FourAt12>(y, a, b, c);
  }
  for (; y < body; y += 16) op.lanes<Four>(y, a, b, c);
  for (; y < end; y += 4) op.lanes<One>(y, a, b, c);
}

/** Runs op over n floats of two arrays. */
@inline
export function sweep2<Op>(n: i32, y: usize, x: usize, a: v128, b: v128, c: v128): void {
  const op = changetype<Op>(0);
  const unrolled = y + bytes(n & ~15);
  const body = y + bytes(n & ~3);
  const end = y + bytes(n);
  for (; y < unrolled; y += 64, x += 64) {
    op.lanes<Four>(y, x, a, b, c);
    op.lanes<FourAt4>(y, x, a, b, c);
    op.lanes<FourAt8>(y, x, a, b, c);
    op.lanes<FourAt12>(y, x, a, b, c);
  }
  for (; y < body; y += 16, x += 16) op.lanes<Four>(y, x, a, b, c);
  for (; y < end; y += 4, x += 4) op.lanes<One>(y, x, a, b, c);
}

/** Runs op over n floats of three arrays. */
@inline
export function sweep3<Op>(n: i32, y: usize, x: usize, w: usize, a: v128, b: v128, c: v128): void {
  const op = changetype<Op>(0);
  const unrolled = y + bytes(n & ~15);
  const body = y + bytes(n & ~3);
  const end = y + bytes(n);
  for (; y < unrolled; y += 64, x += 64, w += 64) {
    op.lanes<Four>(y, x, w, a, b, c);
    op.lanes<FourAt4>(y, x, w, a, b, c);
    op.lanes<FourAt8>(y, x, w, a, b, c);
    op.lanes<FourAt12>(y, x, w, a, b, c);
  }
  for (; y < body; y += 16, x += 16, w += 16) op.lanes<Four>(y, x, w, a, b, c);
  for (; y < end; y += 4, x += 4, w += 4) op.lanes<One>(y, x, w, a, b, c);
}

/** Runs op over n floats of five arrays. */
@inline
export function sweep5<Op>(
  n: i32, y: usize, x: usize, w: usize, z: usize, v: usize, a: v128, b: v128, c: v128,
): void {
  const op = changetype<Op>(0);
  const unrolled = y + bytes(n & ~15);
  const body = y + bytes(n & ~3);
  const end = y + bytes(n);
  for (; y < unrolled; y += 64, x += 64, w += 64, z += 64, v += 64) {
    op.lanes<Four>(y, x, w, z, v, a, b, c);
    op.lanes<FourAt4>(y, x, w, z, v, a, b, c);
    op.lanes<FourAt8>(y, x, w, z, v, a, b, c);
    op.lanes<FourAt12>(y, x, w, z, v, a, b, c);
  }
  for (; y < body; y += 16, x += 16, w += 16, z += 16, v += 16) op.lanes<Four>(y, x, w, z, v, a, b, c);
  for (; y < end; y += 4, x += 4, w += 4, z += 4, v += 4) op.lanes<One>(y, x, w, z, v, a, b, c);
}

/*
 * The maps below suit formulas that are all arithmetic: with no store between the four vectors of a pass, the compiler
 * loads a constant that they share once for all four (e^x: 1.22 ns an element with sweep2, 0.97 with map1, baseline
 * build, Node 24).
 */

/** Runs a pure operation over n floats of one array: y = op.of(x), a formula from vectors to a vector. */
@inline
export function map1<Op>(n: i32, y: usize, x: usize, a: v128, b: v128, c: v128): void {
  const op = changetype<Op>(0);
  const unrolled = y + bytes(n & ~15);
  const body = y + bytes(n & ~3);
  const end = y + bytes(n);
  for (; y < unrolled; y += 64, x += 64) {
    const y0 = op.of(v128.load(x), a, b, c);
    const y1 = op.of(v128.load(x, 16), a, b, c);
    const y2 = op.of(v128.load(x, 32), a, b, c);
    const y3 = op.of(v128.load(x, 48), a, b, c);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
  }
  for (; y < body; y += 16, x += 16) v128.store(y, op.of(v128.load(x), a, b, c));
  for (; y < end; y += 4, x += 4) {
    v128.store32_lane(y, op.of(v128.load32_zero(x), a, b, c), 0);
  }
}

/**
 * map1 for a formula with twelve constants, k0 to k11: splatted before the loop they stay in registers, and each vector
 * is stored at once. Of the sixteen registers V8 keeps one for itself, so that three are left for the formula (sigmoid of
 * a million floats: 0.76 ns an element with map1, 0.71 with this, where other work shares the core 1.00 and 0.88; relaxed
 * build, Node 24).
 */
@inline
export function map1With<Op>(
  n: i32, y: usize, x: usize,
  k0: v128, k1: v128, k2: v128, k3: v128, k4: v128, k5: v128, k6: v128, k7: v128, k8: v128, k9: v128, k10: v128, k11: v128,
): void {
  const op = changetype<Op>(0);
  const unrolled = y + bytes(n & ~15);
  const body = y + bytes(n & ~3);
  const end = y + bytes(n);
  for (; y < unrolled; y += 64, x += 64) {
    v128.store(y, op.of(v128.load(x), k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11));
    v128.store(y, op.of(v128.load(x, 16), k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11), 16);
    v128.store(y, op.of(v128.load(x, 32), k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11), 32);
    v128.store(y, op.of(v128.load(x, 48), k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11), 48);
  }
  for (; y < body; y += 16, x += 16) {
    v128.store(y, op.of(v128.load(x), k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11));
  }
  for (; y < end; y += 4, x += 4) {
    v128.store32_lane(y, op.of(v128.load32_zero(x), k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11), 0);
  }
}

/** Runs a pure operation over n floats of two arrays: y = op.of(x, w), a formula from vectors to a vector. */
@inline
export function map2<Op>(n: i32, y: usize, x: usize, w: usize, a: v128, b: v128, c: v128): void {
  const op = changetype<Op>(0);
  const unrolled = y + bytes(n & ~15);
  const body = y + bytes(n & ~3);
  const end = y + bytes(n);
  for (; y < unrolled; y += 64, x += 64, w += 64) {
    const y0 = op.of(v128.load(x), v128.load(w), a, b, c);
    const y1 = op.of(v128.load(x, 16), v128.load(w, 16), a, b, c);
    const y2 = op.of(v128.load(x, 32), v128.load(w, 32), a, b, c);
    const y3 = op.of(v128.load(x, 48), v128.load(w, 48), a, b, c);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
  }
  for (; y < body; y += 16, x += 16, w += 16) v128.store(y, op.of(v128.load(x), v128.load(w), a, b, c));
  for (; y < end; y += 4, x += 4, w += 4) {
    v128.store32_lane(y, op.of(v128.load32_zero(x), v128.load32_zero(w), a, b, c), 0);
  }
}

/** Runs a pure operation over n floats of three arrays: y = op.of(x, w, z), a formula from vectors to a vector. */
@inline
export function map3<Op>(n: i32, y: usize, x: usize, w: usize, z: usize, a: v128, b: v128, c: v128): void {
  const op = changetype<Op>(0);
  const unrolled = y + bytes(n & ~15);
  const body = y + bytes(n & ~3);
  const end = y + bytes(n);
  for (; y < unrolled; y += 64, x += 64, w += 64, z += 64) {
    const y0 = op.of(v128.load(x), v128.load(w), v128.load(z), a, b, c);
    const y1 = op.of(v128.load(x, 16), v128.load(w, 16), v128.load(z, 16), a, b, c);
    const y2 = op.of(v128.load(x, 32), v128.load(w, 32), v128.load(z, 32), a, b, c);
    const y3 = op.of(v128.load(x, 48), v128.load(w, 48), v128.load(z, 48), a, b, c);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
  }
  for (; y < body; y += 16, x += 16, w += 16, z += 16) v128.store(y, op.of(v128.load(x), v128.load(w), v128.load(z), a, b, c));
  for (; y < end; y += 4, x += 4, w += 4, z += 4) {
    v128.store32_lane(y, op.of(v128.load32_zero(x), v128.load32_zero(w), v128.load32_zero(z), a, b, c), 0);
  }
}

/**
 * Ones in the lanes below r, for the last r < 4 floats of a row: a row's reduction loads four, past its end, and
 * masks what is not its own.
 */
@inline
export function firstLanes(r: i32): v128 {
  return i32x4.gt_s(i32x4.splat(r), i32x4(0, 1, 2, 3));
}

/** Stores the lanes below r, r < 4. */
@inline
export function storeFirst(p: usize, v: v128, r: i32): void {
  if (r & 2) {
    v128.store64_lane(p, v, 0);
    if (r & 1) v128.store32_lane(p, v, 2, 8);
  } else if (r & 1) {
    v128.store32_lane(p, v, 0);
  }
}
