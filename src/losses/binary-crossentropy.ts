import { defineLoss } from "./loss.js";

/**
 * Mean over a row of -t log y - (1 - t) log(1 - y): each output is a probability of its own.
 * fromLogits: default false; then y is clipped to [1e-7, 1 - 1e-7], unless a sigmoid makes it, whose logits are used.
 * labelSmoothing s: default 0, in [0, 1]; t becomes (1 - s) t + s / 2.
 */
export const binaryCrossentropy = defineLoss({
  name: "binaryCrossentropy",
  target: "values",
  defaults: { fromLogits: false, labelSmoothing: 0 },
  kernels({ fromLogits, labelSmoothing }) {
    const keep = 1 - labelSmoothing;
    const floor = labelSmoothing / 2;
    if (fromLogits) {
      return {
        forward: (k, rows, width, z, t, rowLoss) =>
          k.binaryCrossentropyFromLogitsForward(rows, width, z, t, rowLoss, keep, floor),
        backward: (k, rows, width, z, t, rowScale, dz) =>
          k.binaryCrossentropyFromLogitsBackward(rows, width, z, t, rowScale, dz, keep, floor),
      };
    }
    return {
      forward: (k, rows, width, y, t, rowLoss) => k.binaryCrossentropyForward(rows, width, y, t, rowLoss, keep, floor),
      backward: (k, rows, width, y, t, rowScale, dy) =>
        k.binaryCrossentropyBackward(rows, width, y, t, rowScale, dy, keep, floor),
      fused: {
        activation: "sigmoid",
        forward: (k, rows, width, z, _y, t, rowLoss) =>
          k.binaryCrossentropyFromLogitsForward(rows, width, z, t, rowLoss, keep, floor),
        backward: (k, rows, width, _z, y, t, rowScale, dz) =>
          k.sigmoidCrossentropyBackward(rows, width, y, t, rowScale, dz, keep, floor),
      },
    };
  },
});
