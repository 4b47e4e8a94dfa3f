import { defineLoss } from "./loss.js";

/** Sum over a row of t log(t / y), both clipped to [1e-7, 1]: for targets that are distributions themselves. */
export const klDivergence = defineLoss({
  name: "klDivergence",
  target: "values",
  defaults: {},
  kernels: () => ({
    forward: (k, rows, width, y, t, rowLoss) => k.klDivergenceForward(rows, width, y, t, rowLoss),
    backward: (k, rows, width, y, t, rowScale, dy) => k.klDivergenceBackward(rows, width, y, t, rowScale, dy),
  }),
});
