import { defineLoss } from "./loss.js";

/** Mean over a row of log cosh(y - t): near half the square for small errors, near |y - t| - log 2 for large ones. */
export const logCosh = defineLoss({
  name: "logCosh",
  target: "values",
  defaults: {},
  kernels: () => ({
    forward: (k, rows, width, y, t, rowLoss) => k.logCoshForward(rows, width, y, t, rowLoss),
    backward: (k, rows, width, y, t, rowScale, dy) => k.logCoshBackward(rows, width, y, t, rowScale, dy),
  }),
});
