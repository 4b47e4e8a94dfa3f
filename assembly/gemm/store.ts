/** Writes the first `columns` (1 to 8) of the eight floats of low and high at c. */
@inline
export function storeColumns(c: usize, columns: i32, low: v128, high: v128): void {
  if (columns == 8) {
    v128.store(c, low);
    v128.store(c, high, 16);
  } else {
    storeSome(c, columns, low, high);
  }
}

/** Writes the first `columns` (1 to 7) of the eight floats of low and high at c. */
function storeSome(c: usize, columns: i32, low: v128, high: v128): void {
  let rest = low;
  if (columns & 4) {
    v128.store(c, low);
    rest = high;
    c += 16;
  }
  if (columns & 2) {
    v128.store64_lane(c, rest, 0);
    if (columns & 1) v128.store32_lane(c, rest, 2, 8);
  } else if (columns & 1) v128.store32_lane(c, rest, 0);
}

/** Mask of the first `count` of four lanes, count <= 0 giving none and count >= 4 all. */
@inline
export function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}
