import { rangeError, typeError } from "../check.js";
import { defineLoss } from "./loss.js";

/**
 * -log y_c for the class index c: categoricalCrossentropy of a one-hot target, without making one.
 * fromLogits: default false; then y is divided by its sum and clipped to [1e-7, 1 - 1e-7], unless a softmax makes it,
 * whose logits are used.
 */
export const sparseCategoricalCrossentropy = defineLoss({
  name: "sparseCategoricalCrossentropy",
  target: "class",
  defaults: { fromLogits: false },
  kernels({ fromLogits }) {
    if (fromLogits) {
      return {
        forward: (k, rows, width, z, labels, rowLoss) =>
          k.sparseCategoricalCrossentropyFromLogitsForward(rows, width, z, labels, rowLoss),
        backward: (k, rows, width, z, labels, rowScale, dz) =>
          k.sparseCategoricalCrossentropyFromLogitsBackward(rows, width, z, labels, rowScale, dz),
      };
    }
    return {
      forward: (k, rows, width, y, labels, rowLoss) =>
        k.sparseCategoricalCrossentropyForward(rows, width, y, labels, rowLoss),
      backward: (k, rows, width, y, labels, rowScale, dy) =>
        k.sparseCategoricalCrossentropyBackward(rows, width, y, labels, rowScale, dy),
      fused: {
        activation: "softmax",
        forward: (k, rows, width, z, y, labels, rowLoss) =>
          k.softmaxCrossentropySparseForward(rows, width, z, y, labels, rowLoss),
        backward: (k, rows, width, _z, y, labels, rowScale, dz) =>
          k.softmaxCrossentropySparseBackward(rows, width, y, labels, rowScale, dz),
      },
    };
  },
});

/** Throws, naming the first bad one, unless every label is an integer in [0, classes): the kernels do not look. */
export function checkClasses(where: string, labels: ArrayLike<number>, classes: number): void {
  for (let i = 0; i < labels.length; i++) {
    const label: unknown = labels[i];
    if (Number.isInteger(label) && (label as number) >= 0 && (label as number) < classes) continue;
    const expected = `class labels must be integers in [0, ${classes})`;
    throw (typeof label === "number" ? rangeError : typeError)(where, expected, `label[${i}]`, label);
  }
}
