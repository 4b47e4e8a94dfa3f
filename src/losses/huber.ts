import { defineLoss } from "./loss.js";

/**
 * With e = y - t: mean over a row of e² / 2 where |e| <= delta, else delta (|e| - delta / 2).
 * delta: default 1, above 0. Huber 1964.
 */
export const huber = defineLoss({
  name: "huber",
  target: "values",
  defaults: { delta: 1 },
  kernels: ({ delta }) => ({
    forward: (k, rows, width, y, t, rowLoss) => k.huberForward(rows, width, y, t, rowLoss, delta),
    backward: (k, rows, width, y, t, rowScale, dy) => k.huberBackward(rows, width, y, t, rowScale, dy, delta),
  }),
});
