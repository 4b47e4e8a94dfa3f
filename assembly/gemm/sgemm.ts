import { bytes } from "../lanes";
import { columnsOfPanel, evenPart, rowsOfPanel } from "./rows";
import { packColumns, packRows } from "./pack";
import { Four, Six } from "./tile-size";
import { ZEROS } from "./zeros";

/** Rows of C, columns of C and terms of the sum that are worked on at once. */
const MC: i32 = 120;
const NC: i32 = 512;
const KC: i32 = 256;

/**
 * C = alpha op(A) op(B) + beta C, all row-major: BLAS SGEMM; op is N (as it is) or T (transposed), A's first.
 * op(A): [m, k], op(B): [k, n], C: [m, n]; lda, ldb, ldc in floats between stored rows. scratch: sgemmScratch(m, n, k)
 * floats. With beta = 0 C is not read. Nothing is skipped where a factor or alpha is zero: 0 * Infinity is NaN.
 * Every element is one chain, c = beta c, then c = c + a (alpha b) in the order of k. op(B) is packed into panels,
 * multiplied by alpha on the way; of a transposed A a block is copied, so that its rows lie close together. C must not
 * overlap the rest.
 */
export function sgemmNN(m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, scratch: usize): void {
  gemm<Six, AsIs, AsIs>(m, n, k, alpha, a, bytes(lda), b, bytes(ldb), beta, c, bytes(ldc), scratch);
}
export function sgemmNT(m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, scratch: usize): void {
  gemm<Six, AsIs, Transposed>(m, n, k, alpha, a, bytes(lda), b, bytes(ldb), beta, c, bytes(ldc), scratch);
}
export function sgemmTN(m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, scratch: usize): void {
  gemm<Six, Transposed, AsIs>(m, n, k, alpha, a, bytes(lda), b, bytes(ldb), beta, c, bytes(ldc), scratch);
}
export function sgemmTT(m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, scratch: usize): void {
  gemm<Six, Transposed, Transposed>(m, n, k, alpha, a, bytes(lda), b, bytes(ldb), beta, c, bytes(ldc), scratch);
}

/** sgemm with tiles at most 4 rows high, for engines whose register allocator spills higher ones: same bits. */
export function sgemmNNShort(m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, scratch: usize): void {
  gemm<Four, AsIs, AsIs>(m, n, k, alpha, a, bytes(lda), b, bytes(ldb), beta, c, bytes(ldc), scratch);
}
export function sgemmNTShort(m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, scratch: usize): void {
  gemm<Four, AsIs, Transposed>(m, n, k, alpha, a, bytes(lda), b, bytes(ldb), beta, c, bytes(ldc), scratch);
}
export function sgemmTNShort(m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, scratch: usize): void {
  gemm<Four, Transposed, AsIs>(m, n, k, alpha, a, bytes(lda), b, bytes(ldb), beta, c, bytes(ldc), scratch);
}
export function sgemmTTShort(m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32, beta: f32, c: usize, ldc: i32, scratch: usize): void {
  gemm<Four, Transposed, Transposed>(m, n, k, alpha, a, bytes(lda), b, bytes(ldb), beta, c, bytes(ldc), scratch);
}

/** Floats of scratch that sgemm needs: a packed block of op(B), and one of A for where it is transposed. */
export function sgemmScratch(m: i32, n: i32, k: i32): i32 {
  return min(k, KC) * (min(n + 7 & ~7, NC) + MC);
}

// How an operand is stored, as types: compile-time flags that cost nothing.
@unmanaged @final class AsIs { a: u8; }
@unmanaged @final class Transposed { a: u16; }

@inline
function transposed<Op>(): bool {
  return offsetof<Op>() == 2;
}

function gemm<T, OpA, OpB>(
  m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: usize, b: usize, ldb: usize, beta: f32, c: usize, ldc: usize, scratch: usize,
): void {
  if (beta != 0 && beta != 1) scaleRows(m, n, beta, c, ldc);
  for (let j = 0; j < n; j += NC) {
    const columns = min(NC, n - j);
    let done = 0;
    do {
      const depth = min(KC, k - done);
      if (transposed<OpB>()) packColumns(depth, columns, alpha, b + <usize>j * ldb + bytes(done), ldb, scratch);
      else packRows(depth, columns, alpha, b + <usize>done * ldb + bytes(j), ldb, scratch);
      const fresh = beta == 0 && done == 0;
      for (let i = 0; i < m; ) {
        const rows = evenPart(m - i, MC);
        const block = transposed<OpA>() ? a + <usize>done * lda + bytes(i) : a + <usize>i * lda + bytes(done);
        const copied = scratch + <usize>(columns + 7 & ~7) * bytes(depth);
        if (transposed<OpA>()) copyBlock(depth, rows, block, lda, copied);
        for (let p = 0; p < columns; p += 8) {
          const target = c + <usize>i * ldc + bytes(j + p);
          const panel = scratch + (<usize>p * bytes(depth));
          const from = fresh ? ZEROS : target;
          const ldfrom: usize = fresh ? 0 : ldc;
          if (transposed<OpA>()) columnsOfPanel<T>(rows, depth, min(8, columns - p), copied, bytes(rows), panel, 32, from, ldfrom, target, ldc);
          else rowsOfPanel<T>(rows, depth, min(8, columns - p), block, lda, panel, from, ldfrom, target, ldc);
        }
        i += rows;
      }
      done += depth;
    } while (done < k);
  }
}

/** Copies m rows of n floats, ld bytes apart, into rows without gaps. */
function copyBlock(m: i32, n: i32, source: usize, ld: usize, target: usize): void {
  for (; m > 0; --m, source += ld) {
    const body = target + bytes(n & ~3), end = target + bytes(n);
    let p = source;
    for (; target < body; target += 16, p += 16) v128.store(target, v128.load(p));
    for (; target < end; target += 4, p += 4) store<f32>(target, load<f32>(p));
  }
}

/** c = beta c: m rows of n floats, ldc bytes apart. */
function scaleRows(m: i32, n: i32, beta: f32, c: usize, ldc: usize): void {
  const factor = f32x4.splat(beta);
  for (; m > 0; --m, c += ldc) {
    let p = c;
    for (const body = c + bytes(n & ~3); p < body; p += 16) v128.store(p, f32x4.mul(v128.load(p), factor));
    for (const end = c + bytes(n); p < end; p += 4) store<f32>(p, load<f32>(p) * beta);
  }
}
