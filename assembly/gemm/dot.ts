import { bytes } from "../lanes";
import { One, Two, Three, Four, Eight } from "./tile-size";
import { dotTile } from "./dot-tile";

/** Floats of a that stay in the first-level cache while columns pass over them. */
const NEAR: i32 = 8192;
/** Floats of b that stay in the second-level cache while the rows of a pass over them. */
const FAR: i32 = 131072;

/**
 * C [m, n] = A B' + bias in dot form: see dotTile. The bias of column j is at bias + j * biasStep (0: one value for
 * all). All strides in bytes. The last tile of columns overlaps its neighbour where n is not a multiple of the tile's
 * width; both write the same bits.
 */
export function dotProducts(
  m: i32, n: i32, k: i32, a: usize, lda: usize, b: usize, bnext: usize, bstep: usize, bias: usize, biasStep: usize, c: usize, ldc: usize,
): void {
  if (m >= 3) {
    const columns = max(8, FAR / max(1, k) & ~7);
    const quads = m & ~3;
    const rows = max(4, NEAR / max(1, k) & ~3);
    for (let first = 0; first < n; first += columns) {
      const last = min(n, first + columns);
      for (let i = 0; i < quads; i += rows)
        quadRows(min(rows, quads - i), first, last, k, a + <usize>i * lda, lda, b, bnext, bstep, bias, biasStep, c + <usize>i * ldc, ldc);
      if (m - quads == 3)
        threeRows(first, last, k, a + <usize>quads * lda, lda, b, bnext, bstep, bias, biasStep, c + <usize>quads * ldc, ldc);
    }
    a += <usize>quads * lda;
    c += <usize>quads * ldc;
    m -= quads;
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

/** Columns first to last - 1 of m rows, a multiple of 4. */
function quadRows(
  m: i32, first: i32, last: i32, k: i32, a: usize, lda: usize, b: usize, bnext: usize, bstep: usize, bias: usize, biasStep: usize, c: usize, ldc: usize,
): void {
  for (let j = first; j < last; j += 2) {
    const one = last - first == 1;
    if (!one && j > last - 2) j = last - 2;
    const column = b + <usize>j * bnext;
    const biases = bias + <usize>j * biasStep;
    let rows = a;
    let target = c + bytes(j);
    for (let i = 0; i < m; i += 4) {
      if (one) dotTile<Four, One>(k, rows, lda, column, bnext, bstep, biases, target, ldc);
      else dotTile<Four, Two>(k, rows, lda, column, bnext, bstep, biases, target, ldc);
      rows += lda << 2;
      target += ldc << 2;
    }
  }
}

/** Columns first to last - 1 of three rows. */
function threeRows(
  first: i32, last: i32, k: i32, a: usize, lda: usize, b: usize, bnext: usize, bstep: usize, bias: usize, biasStep: usize, c: usize, ldc: usize,
): void {
  for (let j = first; j < last; j += 2) {
    const one = last - first == 1;
    if (!one && j > last - 2) j = last - 2;
    const column = b + <usize>j * bnext;
    const biases = bias + <usize>j * biasStep;
    if (one) dotTile<Three, One>(k, a, lda, column, bnext, bstep, biases, c + bytes(j), ldc);
    else dotTile<Three, Two>(k, a, lda, column, bnext, bstep, biases, c + bytes(j), ldc);
  }
}
