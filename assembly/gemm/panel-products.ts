import { bytes } from "../lanes";
import { evenPart, rowsOfPanel } from "./rows";
import { Four } from "./tile-size";
import { oneRowTile, twoRowsTile } from "./wide-tile";

/** Rows of x that stay in the second-level cache while the panels pass over them. */
const MC: i32 = 192;
/** Rows of a panel that stay in the first-level cache, with the inputs of a tile that they meet. */
const KC: i32 = 512;

/**
 * y[i][j] = bias[j] + sum over k of x[i][k] * w[k][j], i < m, j < n, w in panels of 8 columns, the last of which may hold
 * fewer. The bias of column j is at bias + j * biasStep, 0 for one that all share; ldx, ldy in bytes.
 * Every element is one chain in the order of k that begins with its bias, whatever m and n are.
 */
export function panelProducts<T>(
  m: i32, n: i32, k: i32, x: usize, ldx: usize, w: usize, bias: usize, biasStep: usize, y: usize, ldy: usize,
): void {
  if (m <= 2) {
    fewRows(m, n, k, x, ldx, w, bias, biasStep, y, ldy);
    return;
  }
  const panel = <usize>k << 5;
  while (m > 0) {
    const rows = evenPart(m, MC);
    let weights = w;
    for (let j = 0; j < n; j += 8) {
      let from = bias + <usize>j * biasStep;
      let ldfrom: usize = 0;
      const target = y + bytes(j);
      let done = 0;
      do {
        const depth = evenPart(k - done, KC);
        rowsOfPanel<T>(rows, depth, min(8, n - j), x + bytes(done), ldx, weights + (<usize>done << 5), from, ldfrom, target, ldy);
        done += depth;
        from = target;
        ldfrom = ldy;
      } while (done < k);
      weights += panel;
    }
    x += <usize>rows * ldx;
    y += <usize>rows * ldy;
    m -= rows;
  }
}

/** One or two rows: several panels at once, to have enough sums in flight. */
function fewRows(m: i32, n: i32, k: i32, x: usize, ldx: usize, w: usize, bias: usize, biasStep: usize, y: usize, ldy: usize): void {
  const panel = <usize>k << 5;
  let j = 0;
  if (m == 1) {
    for (; j + 32 <= n; j += 32) {
      oneRowTile(k, x, w, panel, bias + <usize>j * biasStep, y + bytes(j));
      w += panel << 2;
    }
  } else if (m == 2) {
    for (; j + 16 <= n; j += 16) {
      twoRowsTile(k, x, ldx, w, panel, bias + <usize>j * biasStep, y + bytes(j), ldy);
      w += panel << 1;
    }
  } else return;
  for (; j < n; j += 8) {
    rowsOfPanel<Four>(m, k, min(8, n - j), x, ldx, w, bias + <usize>j * biasStep, 0, y + bytes(j), ldy);
    w += panel;
  }
}
