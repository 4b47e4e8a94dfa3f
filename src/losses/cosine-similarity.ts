import { defineLoss } from "./loss.js";

/**
 * Minus the cosine of the angle between y and t, from -1 (same direction) to 1. A row of zeros gives 0, and a
 * prediction of norm below 1e-7 has slope 0.
 */
export const cosineSimilarity = defineLoss({
  name: "cosineSimilarity",
  target: "values",
  defaults: {},
  kernels: () => ({
    forward: (k, rows, width, y, t, rowLoss) => k.cosineSimilarityForward(rows, width, y, t, rowLoss),
    backward: (k, rows, width, y, t, rowScale, dy) => k.cosineSimilarityBackward(rows, width, y, t, rowScale, dy),
  }),
});
