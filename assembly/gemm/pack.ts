/** Blocks of a row-major matrix as panels of 8 columns, [panel][k][8], for sgemm. */
import { bytes } from "../lanes";
import { storeTransposed } from "./transpose";

/**
 * panels = alpha B, b: k rows of n floats, ldb bytes apart. What stands in the pad columns of the last panel is
 * whatever follows the rows; it only meets columns of C that are not stored.
 */
export function packRows(k: i32, n: i32, alpha: f32, b: usize, ldb: usize, panels: usize): void {
  const factor = f32x4.splat(alpha);
  for (let j = 0; j < n; j += 8) {
    let row = b + bytes(j);
    for (const end = panels + (<usize>k << 5); panels != end; panels += 32) {
      v128.store(panels, f32x4.mul(v128.load(row), factor));
      v128.store(panels, f32x4.mul(v128.load(row, 16), factor), 16);
      row += ldb;
    }
  }
}

/**
 * panels = alpha B', b: n rows of k floats, ldb bytes apart: its rows become columns. The pad columns repeat the last
 * row of b; they only meet columns of C that are not stored.
 */
export function packColumns(k: i32, n: i32, alpha: f32, b: usize, ldb: usize, panels: usize): void {
  const panel = <usize>k << 5;
  for (let j = 0; j < n; j += 8) {
    packFour(k, alpha, b + <usize>j * ldb, ldb, n - j, panels);
    packFour(k, alpha, b + <usize>min(j + 4, n - 1) * ldb, ldb, n - j - 4, panels + 16);
    panels += panel;
  }
}

/** Four rows of b, the last of `rows` repeated where there are fewer, into four columns of a panel. */
function packFour(k: i32, alpha: f32, b: usize, ldb: usize, rows: i32, panel: usize): void {
  const factor = f32x4.splat(alpha);
  let b0 = b;
  let b1 = rows > 1 ? b0 + ldb : b0;
  let b2 = rows > 2 ? b1 + ldb : b1;
  let b3 = rows > 3 ? b2 + ldb : b2;
  for (const body = b0 + bytes(k & ~3); b0 != body; ) {
    const r0 = f32x4.mul(v128.load(b0), factor), r1 = f32x4.mul(v128.load(b1), factor);
    const r2 = f32x4.mul(v128.load(b2), factor), r3 = f32x4.mul(v128.load(b3), factor);
    storeTransposed(r0, r1, r2, r3, panel);
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
    panel += 128;
  }
  for (let left = k & 3; left > 0; --left) {
    store<f32>(panel, load<f32>(b0) * alpha);
    store<f32>(panel, load<f32>(b1) * alpha, 4);
    store<f32>(panel, load<f32>(b2) * alpha, 8);
    store<f32>(panel, load<f32>(b3) * alpha, 12);
    b0 += 4;
    b1 += 4;
    b2 += 4;
    b3 += 4;
    panel += 32;
  }
}
