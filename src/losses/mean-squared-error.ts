import { defineLoss } from "./loss.js";

/** Mean over a row of (y - t)². Values of any size; the usual loss of regression. */
export const meanSquaredError = defineLoss({
  name: "meanSquaredError",
  target: "values",
  defaults: {},
  kernels: () => ({
    forward: (k, rows, width, y, t, rowLoss) => k.meanSquaredErrorForward(rows, width, y, t, rowLoss),
    backward: (k, rows, width, y, t, rowScale, dy) => k.meanSquaredErrorBackward(rows, width, y, t, rowScale, dy),
  }),
});
