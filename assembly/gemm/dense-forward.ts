import { bytes } from "../lanes";
import { columnsInPanels } from "./panels";
import { dotProducts } from "./dot";
import { panelProducts } from "./panel-products";
import { Four, Six } from "./tile-size";
import { ZEROS } from "./zeros";

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
  const noBias = bias == 0;
  if (noBias) bias = ZEROS;
  const biasStep: usize = noBias ? 0 : 4;
  if (inPanels < n)
    dotProducts<T>(m, n - inPanels, k, x, ldx, w + <usize>inPanels * bytes(k), bytes(k), 32,
      bias + <usize>inPanels * biasStep, biasStep, y + bytes(inPanels), ldy);
  panelProducts<T>(m, inPanels, k, x, ldx, w, bias, biasStep, y, ldy);
}
