import { bytes } from "../lanes";
import { One, Two, Three, Four, Eight } from "./tile-size";
import { dotTile } from "./dot-tile";
import { evenPart } from "./rows";

/** Rows of a that stay in the first-level cache while all columns pass over them. */
const ROWS_AT_ONCE: i32 = 24;

/**
 * C [m, n] = A B' + bias in dot form: see dotTile. The bias of column j is at bias + j * biasStep (0: one value for
 * all). All strides in bytes. The last tile of columns overlaps its neighbour where n is not a multiple of the tile's
 * width; both write the same bits.
 */
export function dotProducts(
  m: i32, n: i32, k: i32, a: usize, lda: usize, b: usize, bnext: usize, bstep: usize, bias: usize, biasStep: usize, c: usize, ldc: usize,
): void {
  while (m >= 3) {
    const rows = m < 4 ? 3 : min(m & ~3, evenPart(m & ~3, ROWS_AT_ONCE) + 3 & ~3);
    if (n == 1) {
      dotColumns<One>(rows, 0, k, a, lda, b, bnext, bstep, bias, c, ldc);
    } else {
      for (let j = 0; j < n; j += 2) {
        if (j > n - 2) j = n - 2;
        dotColumns<Two>(rows, j, k, a, lda, b, bnext, bstep, bias + <usize>j * biasStep, c, ldc);
      }
    }
    a += <usize>rows * lda;
    c += <usize>rows * ldc;
    m -= rows;
  }
  if (m == 2) {
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

/** Columns j and, where W is Two, j + 1 of m rows: 3, or a multiple of 4. */
function dotColumns<W>(
  m: i32, j: i32, k: i32, a: usize, lda: usize, b: usize, bnext: usize, bstep: usize, bias: usize, c: usize, ldc: usize,
): void {
  b += <usize>j * bnext;
  c += bytes(j);
  if (m == 3) {
    dotTile<Three, W>(k, a, lda, b, bnext, bstep, bias, c, ldc);
  } else {
    for (; m > 0; m -= 4) {
      dotTile<Four, W>(k, a, lda, b, bnext, bstep, bias, c, ldc);
      a += lda << 2;
      c += ldc << 2;
    }
  }
}
