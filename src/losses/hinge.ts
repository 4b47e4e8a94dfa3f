import { defineLoss } from "./loss.js";

/** Mean over a row of max(1 - t y, 0), t = -1 or 1; a target of 0 counts as -1. */
export const hinge = defineLoss({
  name: "hinge",
  target: "values",
  defaults: {},
  kernels: () => ({
    forward: (k, rows, width, y, t, rowLoss) => k.hingeForward(rows, width, y, t, rowLoss),
    backward: (k, rows, width, y, t, rowScale, dy) => k.hingeBackward(rows, width, y, t, rowScale, dy),
  }),
});

/** Mean over a row of max(1 - t y, 0)², t = -1 or 1; a target of 0 counts as -1. */
export const squaredHinge = defineLoss({
  name: "squaredHinge",
  target: "values",
  defaults: {},
  kernels: () => ({
    forward: (k, rows, width, y, t, rowLoss) => k.squaredHingeForward(rows, width, y, t, rowLoss),
    backward: (k, rows, width, y, t, rowScale, dy) => k.squaredHingeBackward(rows, width, y, t, rowScale, dy),
  }),
});
