import { defineLoss } from "./loss.js";

/**
 * -(sum over a row of t log y): y a distribution over classes, t one-hot or a distribution.
 * fromLogits: default false; then y is divided by its sum and clipped to [1e-7, 1 - 1e-7], unless a softmax makes it,
 * whose logits are used.
 * labelSmoothing s: default 0, in [0, 1]; t becomes (1 - s) t + s / classes.
 */
export const categoricalCrossentropy = defineLoss({
  name: "categoricalCrossentropy",
  target: "values",
  defaults: { fromLogits: false, labelSmoothing: 0 },
  kernels({ fromLogits, labelSmoothing }) {
    const keep = 1 - labelSmoothing;
    if (fromLogits) {
      return {
        forward: (k, rows, width, z, t, rowLoss) =>
          k.categoricalCrossentropyFromLogitsForward(rows, width, z, t, rowLoss, keep, labelSmoothing / width),
        backward: (k, rows, width, z, t, rowScale, dz) =>
          k.categoricalCrossentropyFromLogitsBackward(rows, width, z, t, rowScale, dz, keep, labelSmoothing / width),
      };
    }
    return {
      forward: (k, rows, width, y, t, rowLoss) =>
        k.categoricalCrossentropyForward(rows, width, y, t, rowLoss, keep, labelSmoothing / width),
      backward: (k, rows, width, y, t, rowScale, dy) =>
        k.categoricalCrossentropyBackward(rows, width, y, t, rowScale, dy, keep, labelSmoothing / width),
      fused: {
        activation: "softmax",
        forward: (k, rows, width, z, y, t, rowLoss) =>
          k.softmaxCrossentropyForward(rows, width, z, y, t, rowLoss, keep, labelSmoothing / width),
        backward: (k, rows, width, _z, y, t, rowScale, dz) =>
          k.softmaxCrossentropyBackward(rows, width, y, t, rowScale, dz, keep, labelSmoothing / width),
      },
    };
  },
});
