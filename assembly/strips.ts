/**
 * Kernels that take a matrix by columns: a strip of sixteen columns (a cache line) goes through all rows at a time, as four
 * vectors named by their widths A, B, C, D; what n leaves over 16 goes in strips of one vector, then of one column. The
 * formulas are the same, so that a column's result does not depend on which others are in the call.
 */

/** Fills up a strip of fewer than four vectors: it reads zeros and writes nothing. */
@unmanaged
@final
export class None {
  @inline load(p: usize): v128 { return f32x4.splat(0); }
  @inline store(p: usize, v: v128): void {}
}

/** A vector of an optional array, whose address is 0 if there is none. */
@inline
export function loadOr<W>(p: usize, absent: v128): v128 {
  return p ? changetype<W>(0).load(p) : absent;
}

/** Stores to an optional array. */
@inline
export function storeIf<W>(p: usize, v: v128): void {
  if (p) changetype<W>(0).store(p, v);
}

/** Column at of an optional array. */
@inline
export function column(p: usize, at: usize): usize {
  return p ? p + at : 0;
}
