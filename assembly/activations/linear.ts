/**
 * y = x.
 * x, y: n floats; y may be x, otherwise they do not overlap. Overwrites y.
 * Exact.
 */
import { bytes } from "../lanes";

export function linearForward(n: i32, x: usize, y: usize): void {
  if (y !== x) memory.copy(y, x, bytes(n));
}

/**
 * dx = dy.
 * dy, dx: n floats; dx may be dy. Overwrites dx. Forward saves nothing: y is not read.
 */
export function linearBackward(n: i32, y: usize, dy: usize, dx: usize): void {
  if (dx !== dy) memory.copy(dx, dy, bytes(n));
}
