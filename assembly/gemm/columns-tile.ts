import { madd } from "../simd";
import { size } from "./tile-size";
import { storeColumns } from "./store";

const ZERO = f32x4.splat(0);

/**
 * c[i][j] = from[i][j] + sum over k of a[k][i] * b[k][j], i < size of H <= 6, j < columns <= 8: the product with the
 * transpose of a, as a weight gradient needs it, where the values to broadcast lie side by side. Every element is one
 * chain in the order of k that begins with its value in `from`.
 * a, b: rows of at least the tile's height and of 8 floats, astep and bstep bytes apart; from, c: rows ldfrom, ldc
 * bytes apart. Rows of b and from are read 8 floats wide whatever `columns` says; only `columns` floats are written.
 * Overwrites c, which may be from.
 */
export function columnsTile<H>(
  k: i32, columns: i32, a: usize, astep: usize, b: usize, bstep: usize, from: usize, ldfrom: usize, c: usize, ldc: usize,
): void {
  let c00 = v128.load(from), c01 = v128.load(from, 16);
  let c10 = ZERO, c11 = ZERO, c20 = ZERO, c21 = ZERO, c30 = ZERO, c31 = ZERO;
  let c40 = ZERO, c41 = ZERO, c50 = ZERO, c51 = ZERO;
  if (size<H>() > 1) { from += ldfrom; c10 = v128.load(from); c11 = v128.load(from, 16); }
  if (size<H>() > 2) { from += ldfrom; c20 = v128.load(from); c21 = v128.load(from, 16); }
  if (size<H>() > 3) { from += ldfrom; c30 = v128.load(from); c31 = v128.load(from, 16); }
  if (size<H>() > 4) { from += ldfrom; c40 = v128.load(from); c41 = v128.load(from, 16); }
  if (size<H>() > 5) { from += ldfrom; c50 = v128.load(from); c51 = v128.load(from, 16); }

  // Four terms a pass, kept apart by the exits between them: see rowsTile. V8 adds the offset of each broadcast from memory
  // by an instruction of its own, once for all four.
  for (; k > 0; k -= 4) {
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), v0 = v128.load32_splat(a);
      c00 = madd(v0, b0, c00);
      c01 = madd(v0, b1, c01);
      if (size<H>() > 1) { const v = v128.load32_splat(a, 4); c10 = madd(v, b0, c10); c11 = madd(v, b1, c11); }
      if (size<H>() > 2) { const v = v128.load32_splat(a, 8); c20 = madd(v, b0, c20); c21 = madd(v, b1, c21); }
      if (size<H>() > 3) { const v = v128.load32_splat(a, 12); c30 = madd(v, b0, c30); c31 = madd(v, b1, c31); }
      if (size<H>() > 4) { const v = v128.load32_splat(a, 16); c40 = madd(v, b0, c40); c41 = madd(v, b1, c41); }
      if (size<H>() > 5) { const v = v128.load32_splat(a, 20); c50 = madd(v, b0, c50); c51 = madd(v, b1, c51); }
      a += astep;
      b += bstep;
    }
    if (k == 1) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), v0 = v128.load32_splat(a);
      c00 = madd(v0, b0, c00);
      c01 = madd(v0, b1, c01);
      if (size<H>() > 1) { const v = v128.load32_splat(a, 4); c10 = madd(v, b0, c10); c11 = madd(v, b1, c11); }
      if (size<H>() > 2) { const v = v128.load32_splat(a, 8); c20 = madd(v, b0, c20); c21 = madd(v, b1, c21); }
      if (size<H>() > 3) { const v = v128.load32_splat(a, 12); c30 = madd(v, b0, c30); c31 = madd(v, b1, c31); }
      if (size<H>() > 4) { const v = v128.load32_splat(a, 16); c40 = madd(v, b0, c40); c41 = madd(v, b1, c41); }
      if (size<H>() > 5) { const v = v128.load32_splat(a, 20); c50 = madd(v, b0, c50); c51 = madd(v, b1, c51); }
      a += astep;
      b += bstep;
    }
    if (k == 2) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), v0 = v128.load32_splat(a);
      c00 = madd(v0, b0, c00);
      c01 = madd(v0, b1, c01);
      if (size<H>() > 1) { const v = v128.load32_splat(a, 4); c10 = madd(v, b0, c10); c11 = madd(v, b1, c11); }
      if (size<H>() > 2) { const v = v128.load32_splat(a, 8); c20 = madd(v, b0, c20); c21 = madd(v, b1, c21); }
      if (size<H>() > 3) { const v = v128.load32_splat(a, 12); c30 = madd(v, b0, c30); c31 = madd(v, b1, c31); }
      if (size<H>() > 4) { const v = v128.load32_splat(a, 16); c40 = madd(v, b0, c40); c41 = madd(v, b1, c41); }
      if (size<H>() > 5) { const v = v128.load32_splat(a, 20); c50 = madd(v, b0, c50); c51 = madd(v, b1, c51); }
      a += astep;
      b += bstep;
    }
    if (k == 3) break;
    {
      const b0 = v128.load(b), b1 = v128.load(b, 16), v0 = v128.load32_splat(a);
      c00 = madd(v0, b0, c00);
      c01 = madd(v0, b1, c01);
      if (size<H>() > 1) { const v = v128.load32_splat(a, 4); c10 = madd(v, b0, c10); c11 = madd(v, b1, c11); }
      if (size<H>() > 2) { const v = v128.load32_splat(a, 8); c20 = madd(v, b0, c20); c21 = madd(v, b1, c21); }
      if (size<H>() > 3) { const v = v128.load32_splat(a, 12); c30 = madd(v, b0, c30); c31 = madd(v, b1, c31); }
      if (size<H>() > 4) { const v = v128.load32_splat(a, 16); c40 = madd(v, b0, c40); c41 = madd(v, b1, c41); }
      if (size<H>() > 5) { const v = v128.load32_splat(a, 20); c50 = madd(v, b0, c50); c51 = madd(v, b1, c51); }
      a += astep;
      b += bstep;
    }
  }

  storeColumns(c, columns, c00, c01);
  if (size<H>() > 1) { c += ldc; storeColumns(c, columns, c10, c11); }
  if (size<H>() > 2) { c += ldc; storeColumns(c, columns, c20, c21); }
  if (size<H>() > 3) { c += ldc; storeColumns(c, columns, c30, c31); }
  if (size<H>() > 4) { c += ldc; storeColumns(c, columns, c40, c41); }
  if (size<H>() > 5) { c += ldc; storeColumns(c, columns, c50, c51); }
}
