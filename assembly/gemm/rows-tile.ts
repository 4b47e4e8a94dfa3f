import { madd } from "../simd";
import { size } from "./tile-size";
import { storeColumns } from "./store";

const ZERO = f32x4.splat(0);

/**
 * c[i][j] = from[i][j] + sum over k of a[i][k] * b[k][j], i < size of H <= 6, j < columns <= 8. Every element is one
 * chain in the order of k that begins with its value in `from`.
 * a: rows lda bytes apart; b: rows of 8 floats, one after the other; from, c: rows ldfrom, ldc bytes apart. Rows of b and
 * from are read 8 floats wide whatever `columns` says; only `columns` floats are written. Overwrites c, which may be from.
 */
export function rowsTile<H>(
  k: i32, columns: i32, a: usize, lda: usize, b: usize, from: usize, ldfrom: usize, c: usize, ldc: usize,
): void {
  let a0 = a;
  let a1 = a + lda;
  let a2 = a1 + lda;
  let a3 = a2 + lda;
  let a4 = a3 + lda;
  let a5 = a4 + lda;
  let c00 = v128.load(from), c01 = v128.load(from, 16);
  let c10 = ZERO, c11 = ZERO, c20 = ZERO, c21 = ZERO, c30 = ZERO, c31 = ZERO;
  let c40 = ZERO, c41 = ZERO, c50 = ZERO, c51 = ZERO;
  if (size<H>() > 1) { from += ldfrom; c10 = v128.load(from); c11 = v128.load(from, 16); }
  if (size<H>() > 2) { from += ldfrom; c20 = v128.load(from); c21 = v128.load(from, 16); }
  if (size<H>() > 3) { from += ldfrom; c30 = v128.load(from); c31 = v128.load(from, 16); }
  if (size<H>() > 4) { from += ldfrom; c40 = v128.load(from); c41 = v128.load(from, 16); }
  if (size<H>() > 5) { from += ldfrom; c50 = v128.load(from); c51 = v128.load(from, 16); }

  // Four terms a pass: fewer instructions go into counting, which is what limits a core that shares its front end with
  // another thread. The exits between the terms, for what k leaves over 4, also keep them apart: joined, a compiler would
  // order them accumulator by accumulator, and the registers would not suffice.
  for (; k > 0; k -= 4) {
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), v0 = v128.load32_splat(a0);
      c00 = madd(v0, b0, c00);
      c01 = madd(v0, b1, c01);
      if (size<H>() > 1) { const v = v128.load32_splat(a1); c10 = madd(v, b0, c10); c11 = madd(v, b1, c11); }
      if (size<H>() > 2) { const v = v128.load32_splat(a2); c20 = madd(v, b0, c20); c21 = madd(v, b1, c21); }
      if (size<H>() > 3) { const v = v128.load32_splat(a3); c30 = madd(v, b0, c30); c31 = madd(v, b1, c31); }
      if (size<H>() > 4) { const v = v128.load32_splat(a4); c40 = madd(v, b0, c40); c41 = madd(v, b1, c41); }
      if (size<H>() > 5) { const v = v128.load32_splat(a5); c50 = madd(v, b0, c50); c51 = madd(v, b1, c51); }
    }
    if (k == 1) break;
    {
      const b0 = v128.load(b, 32), b1 = v128.load(b, 48), v0 = v128.load32_splat(a0, 4);
      c00 = madd(v0, b0, c00);
      c01 = madd(v0, b1, c01);
      if (size<H>() > 1) { const v = v128.load32_splat(a1, 4); c10 = madd(v, b0, c10); c11 = madd(v, b1, c11); }
      if (size<H>() > 2) { const v = v128.load32_splat(a2, 4); c20 = madd(v, b0, c20); c21 = madd(v, b1, c21); }
      if (size<H>() > 3) { const v = v128.load32_splat(a3, 4); c30 = madd(v, b0, c30); c31 = madd(v, b1, c31); }
      if (size<H>() > 4) { const v = v128.load32_splat(a4, 4); c40 = madd(v, b0, c40); c41 = madd(v, b1, c41); }
      if (size<H>() > 5) { const v = v128.load32_splat(a5, 4); c50 = madd(v, b0, c50); c51 = madd(v, b1, c51); }
    }
    if (k == 2) break;
    {
      const b0 = v128.load(b, 64), b1 = v128.load(b, 80), v0 = v128.load32_splat(a0, 8);
      c00 = madd(v0, b0, c00);
      c01 = madd(v0, b1, c01);
      if (size<H>() > 1) { const v = v128.load32_splat(a1, 8); c10 = madd(v, b0, c10); c11 = madd(v, b1, c11); }
      if (size<H>() > 2) { const v = v128.load32_splat(a2, 8); c20 = madd(v, b0, c20); c21 = madd(v, b1, c21); }
      if (size<H>() > 3) { const v = v128.load32_splat(a3, 8); c30 = madd(v, b0, c30); c31 = madd(v, b1, c31); }
      if (size<H>() > 4) { const v = v128.load32_splat(a4, 8); c40 = madd(v, b0, c40); c41 = madd(v, b1, c41); }
      if (size<H>() > 5) { const v = v128.load32_splat(a5, 8); c50 = madd(v, b0, c50); c51 = madd(v, b1, c51); }
    }
    if (k == 3) break;
    {
      const b0 = v128.load(b, 96), b1 = v128.load(b, 112), v0 = v128.load32_splat(a0, 12);
      c00 = madd(v0, b0, c00);
      c01 = madd(v0, b1, c01);
      if (size<H>() > 1) { const v = v128.load32_splat(a1, 12); c10 = madd(v, b0, c10); c11 = madd(v, b1, c11); }
      if (size<H>() > 2) { const v = v128.load32_splat(a2, 12); c20 = madd(v, b0, c20); c21 = madd(v, b1, c21); }
      if (size<H>() > 3) { const v = v128.load32_splat(a3, 12); c30 = madd(v, b0, c30); c31 = madd(v, b1, c31); }
      if (size<H>() > 4) { const v = v128.load32_splat(a4, 12); c40 = madd(v, b0, c40); c41 = madd(v, b1, c41); }
      if (size<H>() > 5) { const v = v128.load32_splat(a5, 12); c50 = madd(v, b0, c50); c51 = madd(v, b1, c51); }
    }
    b += 128;
    a0 += 16;
    if (size<H>() > 1) a1 += 16;
    if (size<H>() > 2) a2 += 16;
    if (size<H>() > 3) a3 += 16;
    if (size<H>() > 4) a4 += 16;
    if (size<H>() > 5) a5 += 16;
  }

  storeColumns(c, columns, c00, c01);
  if (size<H>() > 1) { c += ldc; storeColumns(c, columns, c10, c11); }
  if (size<H>() > 2) { c += ldc; storeColumns(c, columns, c20, c21); }
  if (size<H>() > 3) { c += ldc; storeColumns(c, columns, c30, c31); }
  if (size<H>() > 4) { c += ldc; storeColumns(c, columns, c40, c41); }
  if (size<H>() > 5) { c += ldc; storeColumns(c, columns, c50, c51); }
}
