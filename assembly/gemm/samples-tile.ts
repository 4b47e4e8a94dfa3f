import { madd } from "../simd";
import { size } from "./tile-size";

const ZERO = f32x4.splat(0);

/**
 * c[i][j] = from[i][j] + sum over s of x[s][i] * dy[s][j], i < rows, j < 8, s < size of S <= 4: the same chains as
 * columnsTile, for few terms. Here the dy of all terms stay in registers, and the rows pass by: x is read along its
 * rows, c written once in order.
 * x: rows ldx bytes apart; dy: rows of 8 floats ldy bytes apart; from: rows of 8 floats fromStep bytes apart (0 or 32);
 * c: rows of 8 floats, one after the other. Overwrites c, which may be from.
 */
export function samplesTile<S>(
  rows: i32, x: usize, ldx: usize, dy: usize, ldy: usize, from: usize, fromStep: usize, c: usize,
): void {
  let x0 = x;
  let x1 = x0 + ldx, x2 = x1 + ldx, x3 = x2 + ldx;
  const d00 = v128.load(dy), d01 = v128.load(dy, 16);
  let d10 = ZERO, d11 = ZERO, d20 = ZERO, d21 = ZERO, d30 = ZERO, d31 = ZERO;
  if (size<S>() > 1) { dy += ldy; d10 = v128.load(dy); d11 = v128.load(dy, 16); }
  if (size<S>() > 2) { dy += ldy; d20 = v128.load(dy); d21 = v128.load(dy, 16); }
  if (size<S>() > 3) { dy += ldy; d30 = v128.load(dy); d31 = v128.load(dy, 16); }

  // Four rows a pass, as in rowsTile.
  for (; rows > 0; rows -= 4) {
    {
      const v0 = v128.load32_splat(x0);
      let c0 = madd(v0, d00, v128.load(from));
      let c1 = madd(v0, d01, v128.load(from, 16));
      if (size<S>() > 1) { const v = v128.load32_splat(x1); c0 = madd(v, d10, c0); c1 = madd(v, d11, c1); }
      if (size<S>() > 2) { const v = v128.load32_splat(x2); c0 = madd(v, d20, c0); c1 = madd(v, d21, c1); }
      if (size<S>() > 3) { const v = v128.load32_splat(x3); c0 = madd(v, d30, c0); c1 = madd(v, d31, c1); }
      v128.store(c, c0);
      v128.store(c, c1, 16);
    }
    from += fromStep;
    if (rows == 1) break;
    {
      const v0 = v128.load32_splat(x0, 4);
      let c0 = madd(v0, d00, v128.load(from));
      let c1 = madd(v0, d01, v128.load(from, 16));
      if (size<S>() > 1) { const v = v128.load32_splat(x1, 4); c0 = madd(v, d10, c0); c1 = madd(v, d11, c1); }
      if (size<S>() > 2) { const v = v128.load32_splat(x2, 4); c0 = madd(v, d20, c0); c1 = madd(v, d21, c1); }
      if (size<S>() > 3) { const v = v128.load32_splat(x3, 4); c0 = madd(v, d30, c0); c1 = madd(v, d31, c1); }
      v128.store(c, c0, 32);
      v128.store(c, c1, 48);
    }
    from += fromStep;
    if (rows == 2) break;
    {
      const v0 = v128.load32_splat(x0, 8);
      let c0 = madd(v0, d00, v128.load(from));
      let c1 = madd(v0, d01, v128.load(from, 16));
      if (size<S>() > 1) { const v = v128.load32_splat(x1, 8); c0 = madd(v, d10, c0); c1 = madd(v, d11, c1); }
      if (size<S>() > 2) { const v = v128.load32_splat(x2, 8); c0 = madd(v, d20, c0); c1 = madd(v, d21, c1); }
      if (size<S>() > 3) { const v = v128.load32_splat(x3, 8); c0 = madd(v, d30, c0); c1 = madd(v, d31, c1); }
      v128.store(c, c0, 64);
      v128.store(c, c1, 80);
    }
    from += fromStep;
    if (rows == 3) break;
    {
      const v0 = v128.load32_splat(x0, 12);
      let c0 = madd(v0, d00, v128.load(from));
      let c1 = madd(v0, d01, v128.load(from, 16));
      if (size<S>() > 1) { const v = v128.load32_splat(x1, 12); c0 = madd(v, d10, c0); c1 = madd(v, d11, c1); }
      if (size<S>() > 2) { const v = v128.load32_splat(x2, 12); c0 = madd(v, d20, c0); c1 = madd(v, d21, c1); }
      if (size<S>() > 3) { const v = v128.load32_splat(x3, 12); c0 = madd(v, d30, c0); c1 = madd(v, d31, c1); }
      v128.store(c, c0, 96);
      v128.store(c, c1, 112);
    }
    from += fromStep;
    c += 128;
    x0 += 16;
    if (size<S>() > 1) x1 += 16;
    if (size<S>() > 2) x2 += 16;
    if (size<S>() > 3) x3 += 16;
  }
}
