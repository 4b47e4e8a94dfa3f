import { bytes } from "../lanes";
import { One, Two, Three, Four, Five, Six, size } from "./tile-size";
import { rowsTile } from "./rows-tile";
import { columnsTile } from "./columns-tile";

/**
 * Walks the rows of one panel of C in tiles of at most size<T>() rows, as even in height as they can be: 32 rows at
 * most 6 high are 6 6 5 5 5 5, not 6 6 6 6 6 2, since low tiles have too few sums in flight to fill the pipelines.
 * How rows are cut changes no bit: every element is a chain of its own.
 */

/** C = from + A B over m rows and one panel: see rowsTile. All strides in bytes. */
export function rowsOfPanel<T>(
  m: i32, k: i32, columns: i32, a: usize, lda: usize, b: usize, from: usize, ldfrom: usize, c: usize, ldc: usize,
): void {
  const tiles = (m + size<T>() - 1) / size<T>();
  for (let tile = tiles; tile > 0; --tile) {
    const height = (m + tile - 1) / tile;
    if (size<T>() > 4 && height == 6) rowsTile<Six>(k, columns, a, lda, b, from, ldfrom, c, ldc);
    else if (size<T>() > 4 && height == 5) rowsTile<Five>(k, columns, a, lda, b, from, ldfrom, c, ldc);
    else if (height == 4) rowsTile<Four>(k, columns, a, lda, b, from, ldfrom, c, ldc);
    else if (height == 3) rowsTile<Three>(k, columns, a, lda, b, from, ldfrom, c, ldc);
    else if (height == 2) rowsTile<Two>(k, columns, a, lda, b, from, ldfrom, c, ldc);
    else rowsTile<One>(k, columns, a, lda, b, from, ldfrom, c, ldc);
    a += <usize>height * lda;
    from += <usize>height * ldfrom;
    c += <usize>height * ldc;
    m -= height;
  }
}

/** C = from + A' B over m rows and one panel: see columnsTile. All strides in bytes. */
export function columnsOfPanel<T>(
  m: i32, k: i32, columns: i32, a: usize, astep: usize, b: usize, bstep: usize, from: usize, ldfrom: usize, c: usize, ldc: usize,
): void {
  const tiles = (m + size<T>() - 1) / size<T>();
  for (let tile = tiles; tile > 0; --tile) {
    const height = (m + tile - 1) / tile;
    if (size<T>() > 4 && height == 6) columnsTile<Six>(k, columns, a, astep, b, bstep, from, ldfrom, c, ldc);
    else if (size<T>() > 4 && height == 5) columnsTile<Five>(k, columns, a, astep, b, bstep, from, ldfrom, c, ldc);
    else if (height == 4) columnsTile<Four>(k, columns, a, astep, b, bstep, from, ldfrom, c, ldc);
    else if (height == 3) columnsTile<Three>(k, columns, a, astep, b, bstep, from, ldfrom, c, ldc);
    else if (height == 2) columnsTile<Two>(k, columns, a, astep, b, bstep, from, ldfrom, c, ldc);
    else columnsTile<One>(k, columns, a, astep, b, bstep, from, ldfrom, c, ldc);
    a += bytes(height);
    from += <usize>height * ldfrom;
    c += <usize>height * ldc;
    m -= height;
  }
}

/** Size of the next of the fewest, most even parts of n that are at most `most` long. */
@inline
export function evenPart(n: i32, most: i32): i32 {
  const parts = (n + most - 1) / most;
  return parts > 0 ? (n + parts - 1) / parts : 0;
}
