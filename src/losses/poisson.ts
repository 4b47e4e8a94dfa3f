import { defineLoss } from "./loss.js";

/** Mean over a row of y - t log(y + 1e-7): for counts t at predicted rates y > 0. */
export const poisson = defineLoss({
  name: "poisson",
  target: "values",
  defaults: {},
  kernels: () => ({
    forward: (k, rows, width, y, t, rowLoss) => k.poissonForward(rows, width, y, t, rowLoss),
    backward: (k, rows, width, y, t, rowScale, dy) => k.poissonBackward(rows, width, y, t, rowScale, dy),
  }),
});
