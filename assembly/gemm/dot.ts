import { bytes } from "../lanes";
import { One, Two, Three, Four, Five, Six, Eight, size } from "./tile-size";
import { dotTile } from "./dot-tile";
import { evenPart } from "./rows";

/** Floats of a that stay in the first-level cache while columns pass over them. */
const NEAR: i32 = 8192;
/** Floats of b that stay in the second-level cache while the rows of a pass over them. */
const FAR: i32 = 131072;

/**
 * C [m, n] = A B' + bias in dot form: see dotTile. The bias of column j is at bias + j * biasStep (0: one value for
 * all). All strides in bytes. The last tile of columns overlaps its neighbour where n is not a multiple of the tile's
 * width; both write the same bits.
 */
export function dotProducts<T>(
  m: i32, n: i32, k: i32, a: usize, lda: usize, b: usize, bnext: usize, bstep: usize, bias: usize, biasStep: usize, c: usize, ldc: usize,
): void {
  if (m >= 3) {
    const columns = max(8, FAR / max(1, k) & ~7);
    const near = max(1, NEAR / max(1, k) / size<T>()) * size<T>();
    for (let first = 0; first < n; first += columns) {
      const last = min(n, first + columns);
      for (let i = 0; i < m; ) {
        const rows = evenPart(m - i, near);
        for (let j = first; j < last; j += 2) {
          if (last - first > 1 && j > last - 2) j = last - 2;
          const column = b + <usize>j * bnext;
          const target = c + <usize>i * ldc + bytes(j);
          if (last - first == 1) rowsOfColumns<T, One>(rows, k, a + <usize>i * lda, lda, column, bnext, bstep, bias + <usize>j * biasStep, target, ldc);
          else rowsOfColumns<T, Two>(rows, k, a + <usize>i * lda, lda, column, bnext, bstep, bias + <usize>j * biasStep, target, ldc);
        }
        i += rows;
      }
    }
  } else if (m == 2) {
    if (n < 4) {
      for (let j = 0; j < n; ++j)
        dotTile<Two, One>(k, a, lda, b + <usize>j * bnext, bnext, bstep, bias + <usize>j * biasStep, c + bytes(j), ldc);
    } else {
      for (let j = 0; j < n; j += 4) {
        if (j > n - 4) j = n - 4;
        dotTile<Two, Four>(k, a, lda, b + <usize>j * bnext, bnext, bstep, bias + <usize>j * biasStep, c + bytes(j), ldc);
      }
    }
  } else if (m == 1) {
    if (n < 4) {
      for (let j = 0; j < n; ++j)
        dotTile<One, One>(k, a, lda, b + <usize>j * bnext, bnext, bstep, bias + <usize>j * biasStep, c + bytes(j), ldc);
    } else if (n < 8) {
      for (let j = 0; j < n; j += 4) {
        if (j > n - 4) j = n - 4;
        dotTile<One, Four>(k, a, lda, b + <usize>j * bnext, bnext, bstep, bias + <usize>j * biasStep, c + bytes(j), ldc);
      }
    } else {
      for (let j = 0; j < n; j += 8) {
        if (j > n - 8) j = n - 8;
        dotTile<One, Eight>(k, a, lda, b + <usize>j * bnext, bnext, bstep, bias + <usize>j * biasStep, c + bytes(j), ldc);
      }
    }
  }
}

/** m rows of one or two columns, in tiles of even height: see rowsOfPanel. */
function rowsOfColumns<T, W>(
  m: i32, k: i32, a: usize, lda: usize, b: usize, bnext: usize, bstep: usize, bias: usize, c: usize, ldc: usize,
): void {
  const tiles = (m + size<T>() - 1) / size<T>();
  for (let tile = tiles; tile > 0; --tile) {
    const height = (m + tile - 1) / tile;
    if (size<T>() > 4 && height == 6) dotTile<Six, W>(k, a, lda, b, bnext, bstep, bias, c, ldc);
    else if (size<T>() > 4 && height == 5) dotTile<Five, W>(k, a, lda, b, bnext, bstep, bias, c, ldc);
    else if (height == 4) dotTile<Four, W>(k, a, lda, b, bnext, bstep, bias, c, ldc);
    else if (height == 3) dotTile<Three, W>(k, a, lda, b, bnext, bstep, bias, c, ldc);
    else if (height == 2) dotTile<Two, W>(k, a, lda, b, bnext, bstep, bias, c, ldc);
    else dotTile<One, W>(k, a, lda, b, bnext, bstep, bias, c, ldc);
    a += <usize>height * lda;
    c += <usize>height * ldc;
    m -= height;
  }
}
