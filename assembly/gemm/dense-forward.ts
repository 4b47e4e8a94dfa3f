import { bytes } from "../lanes";
import { columnsInPanels } from "./panels";
import { dotProducts } from "./dot";
import { evenPart, rowsOfPanel } from "./rows";
import { Four, Six } from "./tile-size";
import { oneRowTile, twoRowsTile } from "./wide-tile";
import { ZEROS } from "./zeros";

/** Rows of x that stay in the second-level cache while the panels pass over them. */
const MC: i32 = 192;
/** Rows of a panel that stay in the first-level cache with the inputs they meet. */
const KC: i32 = 1024;

/**
 * Y = X W + b.
 * x: [m, k], rows ldx floats apart; w: [k, n] in panels (panels.ts); bias: n floats, or address 0 for none; y: [m, n],
 * rows ldy floats apart. Overwrites those m x n floats of y; y must not overlap the rest.
 * A column in a panel: one chain in the order of k that begins with the bias. A narrow column: dot form (dot-tile.ts).
 * So an element depends on its row, its column and how the column is stored: any run of rows, and any run of whole
 * panels (with or without the narrow columns after the last), gives the same bits as the whole product.
 */
export function denseForward(m: i32, n: i32, k: i32, x: usize, ldx: i32, w: usize, bias: usize, y: usize, ldy: i32): void {
  forward<Six>(m, n, k, x, bytes(ldx), w, bias, y, bytes(ldy));
}

/** denseForward with tiles at most 4 rows high, for engines whose register allocator spills higher ones: same bits. */
export function denseForwardShort(m: i32, n: i32, k: i32, x: usize, ldx: i32, w: usize, bias: usize, y: usize, ldy: i32): void {
  forward<Four>(m, n, k, x, bytes(ldx), w, bias, y, bytes(ldy));
}

function forward<T>(m: i32, n: i32, k: i32, x: usize, ldx: usize, w: usize, bias: usize, y: usize, ldy: usize): void {
  const inPanels = columnsInPanels(n);
  const panel = <usize>k << 5;
  const noBias = bias == 0;
  if (noBias) bias = ZEROS;
  const biasStep: usize = noBias ? 0 : 4;
  if (inPanels < n)
    dotProducts<T>(m, n - inPanels, k, x, ldx, w + <usize>inPanels * bytes(k), bytes(k), 32,
      bias + <usize>inPanels * biasStep, biasStep, y + bytes(inPanels), ldy);

  if (m <= 2) {
    fewRows(m, inPanels, k, x, ldx, w, bias, biasStep, y, ldy);
    return;
  }
  while (m > 0) {
    const rows = evenPart(m, MC);
    let weights = w;
    for (let j = 0; j < inPanels; j += 8) {
      let from = bias + <usize>j * biasStep;
      let ldfrom: usize = 0;
      const target = y + bytes(j);
      let done = 0;
      do {
        const depth = evenPart(k - done, KC);
        rowsOfPanel<T>(rows, depth, min(8, inPanels - j), x + bytes(done), ldx, weights + (<usize>done << 5), 32, from, ldfrom, target, ldy);
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
function fewRows(m: i32, inPanels: i32, k: i32, x: usize, ldx: usize, w: usize, bias: usize, biasStep: usize, y: usize, ldy: usize): void {
  const panel = <usize>k << 5;
  let j = 0;
  if (m == 1) {
    for (; j + 32 <= inPanels; j += 32) {
      oneRowTile(k, x, w, panel, bias + <usize>j * biasStep, y + bytes(j));
      w += panel << 2;
    }
  } else if (m == 2) {
    for (; j + 16 <= inPanels; j += 16) {
      twoRowsTile(k, x, ldx, w, panel, bias + <usize>j * biasStep, y + bytes(j), ldy);
      w += panel << 1;
    }
  } else return;
  for (; j < inPanels; j += 8) {
    rowsOfPanel<Four>(m, k, min(8, inPanels - j), x, ldx, w, 32, bias + <usize>j * biasStep, 0, y + bytes(j), ldy);
    w += panel;
  }
}
