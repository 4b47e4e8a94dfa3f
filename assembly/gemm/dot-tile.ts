import { madd } from "../simd";
import { bytes } from "../lanes";
import { firstLanes } from "./store";
import { size } from "./tile-size";

const ZERO = f32x4.splat(0);

/** The sums of the lanes of four vectors, each as (x0 + x2) + (x1 + x3): sumLanes of simd.ts, four at a time. */
@inline
function sumLanes4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(
    i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
  );
  const cd = f32x4.add(
    i8x16.shuffle(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    i8x16.shuffle(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
  );
  return f32x4.add(
    i8x16.shuffle(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27),
    i8x16.shuffle(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31),
  );
}

/**
 * c[i][j] = bias[j] + sum over k of a[i][k] * b[j][k], i < size of H, j < size of W: the product with the transpose of
 * b, where both operands lie contiguous along the sum. Lane l of an accumulator sums the terms k = l mod 4 in order,
 * from 0; the four lanes are then added as in sumLanes, and the bias last.
 * a: rows lda bytes apart. b[j] begins at b + j * bnext and comes in pieces of 8 floats, bstep bytes apart.
 * The last vector is read whole and masked on both sides, so that nothing behind it can leak.
 * H x W may be 1..6 x 1, 1..6 x 2, 2 x 4, 1 x 4 or 1 x 8. Overwrites c: rows ldc bytes apart.
 */
export function dotTile<H, W>(
  k: i32, a: usize, lda: usize, b: usize, bnext: usize, bstep: usize, bias: usize, c: usize, ldc: usize,
): void {
  let a0 = a;
  let a1 = a0 + lda, a2 = a1 + lda, a3 = a2 + lda, a4 = a3 + lda, a5 = a4 + lda;
  let b0 = b;
  let b1 = b0 + bnext, b2 = b1 + bnext, b3 = b2 + bnext;
  let b4 = b3 + bnext, b5 = b4 + bnext, b6 = b5 + bnext, b7 = b6 + bnext;
  let c00 = ZERO, c01 = ZERO, c02 = ZERO, c03 = ZERO, c04 = ZERO, c05 = ZERO, c06 = ZERO, c07 = ZERO;
  let c10 = ZERO, c11 = ZERO, c12 = ZERO, c13 = ZERO;
  let c20 = ZERO, c21 = ZERO, c30 = ZERO, c31 = ZERO, c40 = ZERO, c41 = ZERO, c50 = ZERO, c51 = ZERO;

  // The loop leaves in the middle of a piece where an odd number of whole vectors is left. That exit also keeps the two
  // halves apart: joined, the compiler would order them accumulator by accumulator, and the registers would not suffice.
  const end = a0 + bytes(k & ~3);
  const middle = k & 4 ? end - 16 : 0;
  while (a0 != end) {
    {
      const w0 = v128.load(b0), x0 = v128.load(a0);
      let w1 = w0, x1 = x0;
      if (size<W>() > 1) w1 = v128.load(b1);
      c00 = madd(x0, w0, c00);
      if (size<W>() > 1) c01 = madd(x0, w1, c01);
      if (size<H>() > 1) { x1 = v128.load(a1); c10 = madd(x1, w0, c10); }
      if (size<H>() > 1 && size<W>() > 1) c11 = madd(x1, w1, c11);
      if (size<H>() > 2) { const x = v128.load(a2); c20 = madd(x, w0, c20); if (size<W>() > 1) c21 = madd(x, w1, c21); }
      if (size<H>() > 3) { const x = v128.load(a3); c30 = madd(x, w0, c30); if (size<W>() > 1) c31 = madd(x, w1, c31); }
      if (size<H>() > 4) { const x = v128.load(a4); c40 = madd(x, w0, c40); if (size<W>() > 1) c41 = madd(x, w1, c41); }
      if (size<H>() > 5) { const x = v128.load(a5); c50 = madd(x, w0, c50); if (size<W>() > 1) c51 = madd(x, w1, c51); }
      if (size<W>() > 2) {
        const w2 = v128.load(b2), w3 = v128.load(b3);
        c02 = madd(x0, w2, c02);
        c03 = madd(x0, w3, c03);
        if (size<H>() > 1) { c12 = madd(x1, w2, c12); c13 = madd(x1, w3, c13); }
      }
      if (size<W>() > 4) {
        c04 = madd(x0, v128.load(b4), c04);
        c05 = madd(x0, v128.load(b5), c05);
        c06 = madd(x0, v128.load(b6), c06);
        c07 = madd(x0, v128.load(b7), c07);
      }
    }
    if (a0 == middle) {
      a0 += 16; a1 += 16; a2 += 16; a3 += 16; a4 += 16; a5 += 16;
      b0 += 16; b1 += 16; b2 += 16; b3 += 16; b4 += 16; b5 += 16; b6 += 16; b7 += 16;
      break;
    }
    {
      const w0 = v128.load(b0, 16), x0 = v128.load(a0, 16);
      let w1 = w0, x1 = x0;
      if (size<W>() > 1) w1 = v128.load(b1, 16);
      c00 = madd(x0, w0, c00);
      if (size<W>() > 1) c01 = madd(x0, w1, c01);
      if (size<H>() > 1) { x1 = v128.load(a1, 16); c10 = madd(x1, w0, c10); }
      if (size<H>() > 1 && size<W>() > 1) c11 = madd(x1, w1, c11);
      if (size<H>() > 2) { const x = v128.load(a2, 16); c20 = madd(x, w0, c20); if (size<W>() > 1) c21 = madd(x, w1, c21); }
      if (size<H>() > 3) { const x = v128.load(a3, 16); c30 = madd(x, w0, c30); if (size<W>() > 1) c31 = madd(x, w1, c31); }
      if (size<H>() > 4) { const x = v128.load(a4, 16); c40 = madd(x, w0, c40); if (size<W>() > 1) c41 = madd(x, w1, c41); }
      if (size<H>() > 5) { const x = v128.load(a5, 16); c50 = madd(x, w0, c50); if (size<W>() > 1) c51 = madd(x, w1, c51); }
      if (size<W>() > 2) {
        const w2 = v128.load(b2, 16), w3 = v128.load(b3, 16);
        c02 = madd(x0, w2, c02);
        c03 = madd(x0, w3, c03);
        if (size<H>() > 1) { c12 = madd(x1, w2, c12); c13 = madd(x1, w3, c13); }
      }
      if (size<W>() > 4) {
        c04 = madd(x0, v128.load(b4, 16), c04);
        c05 = madd(x0, v128.load(b5, 16), c05);
        c06 = madd(x0, v128.load(b6, 16), c06);
        c07 = madd(x0, v128.load(b7, 16), c07);
      }
    }
    a0 += 32;
    if (size<H>() > 1) a1 += 32;
    if (size<H>() > 2) a2 += 32;
    if (size<H>() > 3) a3 += 32;
    if (size<H>() > 4) a4 += 32;
    if (size<H>() > 5) a5 += 32;
    b0 += bstep;
    if (size<W>() > 1) b1 += bstep;
    if (size<W>() > 2) { b2 += bstep; b3 += bstep; }
    if (size<W>() > 4) { b4 += bstep; b5 += bstep; b6 += bstep; b7 += bstep; }
  }
  if (k & 3) {
    const mask = firstLanes(k & 3);
    const w0 = v128.and(v128.load(b0), mask), x0 = v128.and(v128.load(a0), mask);
    let w1 = w0, x1 = x0;
    if (size<W>() > 1) w1 = v128.and(v128.load(b1), mask);
    c00 = madd(x0, w0, c00);
    if (size<W>() > 1) c01 = madd(x0, w1, c01);
    if (size<H>() > 1) { x1 = v128.and(v128.load(a1), mask); c10 = madd(x1, w0, c10); }
    if (size<H>() > 1 && size<W>() > 1) c11 = madd(x1, w1, c11);
    if (size<H>() > 2) { const x = v128.and(v128.load(a2), mask); c20 = madd(x, w0, c20); if (size<W>() > 1) c21 = madd(x, w1, c21); }
    if (size<H>() > 3) { const x = v128.and(v128.load(a3), mask); c30 = madd(x, w0, c30); if (size<W>() > 1) c31 = madd(x, w1, c31); }
    if (size<H>() > 4) { const x = v128.and(v128.load(a4), mask); c40 = madd(x, w0, c40); if (size<W>() > 1) c41 = madd(x, w1, c41); }
    if (size<H>() > 5) { const x = v128.and(v128.load(a5), mask); c50 = madd(x, w0, c50); if (size<W>() > 1) c51 = madd(x, w1, c51); }
    if (size<W>() > 2) {
      const w2 = v128.and(v128.load(b2), mask), w3 = v128.and(v128.load(b3), mask);
      c02 = madd(x0, w2, c02);
      c03 = madd(x0, w3, c03);
      if (size<H>() > 1) { c12 = madd(x1, w2, c12); c13 = madd(x1, w3, c13); }
    }
    if (size<W>() > 4) {
      c04 = madd(x0, v128.and(v128.load(b4), mask), c04);
      c05 = madd(x0, v128.and(v128.load(b5), mask), c05);
      c06 = madd(x0, v128.and(v128.load(b6), mask), c06);
      c07 = madd(x0, v128.and(v128.load(b7), mask), c07);
    }
  }

  if (size<W>() == 1) {
    const biases = v128.load32_splat(bias);
    const sums = f32x4.add(sumLanes4(c00, c10, c20, c30), biases);
    v128.store32_lane(c, sums, 0);
    if (size<H>() > 1) { c += ldc; v128.store32_lane(c, sums, 1); }
    if (size<H>() > 2) { c += ldc; v128.store32_lane(c, sums, 2); }
    if (size<H>() > 3) { c += ldc; v128.store32_lane(c, sums, 3); }
    if (size<H>() > 4) {
      const more = f32x4.add(sumLanes4(c40, c50, c40, c50), biases);
      c += ldc;
      v128.store32_lane(c, more, 0);
      if (size<H>() > 5) { c += ldc; v128.store32_lane(c, more, 1); }
    }
  } else if (size<W>() == 2) {
    const biases = v128.load64_splat(bias);
    const sums = f32x4.add(sumLanes4(c00, c01, c10, c11), biases);
    v128.store64_lane(c, sums, 0);
    if (size<H>() > 1) { c += ldc; v128.store64_lane(c, sums, 1); }
    if (size<H>() > 2) {
      const more = f32x4.add(sumLanes4(c20, c21, c30, c31), biases);
      c += ldc;
      v128.store64_lane(c, more, 0);
      if (size<H>() > 3) { c += ldc; v128.store64_lane(c, more, 1); }
    }
    if (size<H>() > 4) {
      const most = f32x4.add(sumLanes4(c40, c41, c50, c51), biases);
      c += ldc;
      v128.store64_lane(c, most, 0);
      if (size<H>() > 5) { c += ldc; v128.store64_lane(c, most, 1); }
    }
  } else {
    v128.store(c, f32x4.add(sumLanes4(c00, c01, c02, c03), v128.load(bias)));
    if (size<W>() > 4) v128.store(c, f32x4.add(sumLanes4(c04, c05, c06, c07), v128.load(bias, 16)), 16);
    if (size<H>() > 1) { c += ldc; v128.store(c, f32x4.add(sumLanes4(c10, c11, c12, c13), v128.load(bias))); }
  }
}
