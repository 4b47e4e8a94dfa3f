/**
 * How a dense kernel W of shape [k, n] lies in memory, from initialization to the end of its life, so that no product
 * ever packs it:
 *
 * - columns go in panels of 8, each panel holding its 8 columns row by row: [panel][k][8];
 * - what n leaves over 8: 5 to 7 columns become a whole panel whose pad columns are zero, in W and in its gradient;
 *   1 to 4 columns are stored column by column, [column][k], with no padding ("narrow" columns).
 *
 * So an element w[i][j] lies at float (j / 8) * 8 k + 8 i + j % 8 where its column is in a panel, and at j k + i where
 * it is narrow, and a run of whole panels is itself a kernel with fewer columns.
 */
import { bytes } from "../lanes";

/** Columns of a panel. */
export const NR: i32 = 8;

/** How many of n columns are stored in panels; the other 1 to 4, if any, are narrow. */
@inline
export function columnsInPanels(n: i32): i32 {
  return (n & 7) > 4 ? n : n & ~7;
}

/** Floats that a [k, n] kernel occupies. */
export function panelFloats(k: i32, n: i32): i32 {
  return k * (((columnsInPanels(n) + 7) & ~7) + (n - columnsInPanels(n)));
}

/** Float offset of w[0][j] in the storage of a [k, n] kernel; w[i][j] follows i * panelStride(n, j) floats later. */
export function panelOffset(k: i32, n: i32, j: i32): i32 {
  return j < columnsInPanels(n) ? (j & ~7) * k + (j & 7) : j * k;
}

/** Floats between w[i][j] and w[i + 1][j] in the storage of a [k, n] kernel. */
export function panelStride(n: i32, j: i32): i32 {
  return j < columnsInPanels(n) ? NR : 1;
}

/** Copies row-major w [k, n] into panels, pads written as zero. */
export function packPanels(k: i32, n: i32, w: usize, panels: usize): void {
  const inPanels = columnsInPanels(n);
  const row = bytes(n);
  for (let j = 0; j < inPanels; j += 8) {
    let source = w + bytes(j);
    const width = min(8, n - j);
    for (let i = 0; i < k; ++i) {
      if (width == 8) {
        v128.store(panels, v128.load(source));
        v128.store(panels, v128.load(source, 16), 16);
      } else {
        for (let c = 0; c < 8; ++c) store<f32>(panels + bytes(c), c < width ? load<f32>(source + bytes(c)) : 0);
      }
      source += row;
      panels += 32;
    }
  }
  for (let j = inPanels; j < n; ++j) {
    let source = w + bytes(j);
    for (let i = 0; i < k; ++i) {
      store<f32>(panels, load<f32>(source));
      source += row;
      panels += 4;
    }
  }
}

/** Copies panels of a [k, n] kernel into row-major w. */
export function unpackPanels(k: i32, n: i32, panels: usize, w: usize): void {
  const inPanels = columnsInPanels(n);
  const row = bytes(n);
  for (let j = 0; j < inPanels; j += 8) {
    let target = w + bytes(j);
    const width = min(8, n - j);
    for (let i = 0; i < k; ++i) {
      if (width == 8) {
        v128.store(target, v128.load(panels));
        v128.store(target, v128.load(panels, 16), 16);
      } else {
        for (let c = 0; c < width; ++c) store<f32>(target + bytes(c), load<f32>(panels + bytes(c)));
      }
      target += row;
      panels += 32;
    }
  }
  for (let j = inPanels; j < n; ++j) {
    let target = w + bytes(j);
    for (let i = 0; i < k; ++i) {
      store<f32>(target, load<f32>(panels));
      target += row;
      panels += 4;
    }
  }
}
