import { defineLoss } from "./loss.js";

/** Mean over a row of |y - t|. Its slope at y = t is taken as 0. */
export const meanAbsoluteError = defineLoss({
  name: "meanAbsoluteError",
  target: "values",
  defaults: {},
  kernels: () => ({
    forward: (k, rows, width, y, t, rowLoss) => k.meanAbsoluteErrorForward(rows, width, y, t, rowLoss),
    backward: (k, rows, width, y, t, rowScale, dy) => k.meanAbsoluteErrorBackward(rows, width, y, t, rowScale, dy),
  }),
});
