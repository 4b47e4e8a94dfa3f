import { addForward } from "./blas1";
import { bytes } from "./lanes";

/**
 * y[o][t][i] = x[o][i]. x: [outer, inner], y: [outer, times, inner], apart. Overwrites y.
 */
export function repeatForward(outer: i32, times: i32, inner: i32, x: usize, y: usize): void {
  for (let o = 0; o < outer; o++, x += bytes(inner)) {
    for (let t = 0; t < times; t++, y += bytes(inner)) memory.copy(y, x, bytes(inner));
  }
}

/**
 * dx[o][i] = sum over t of dy[o][t][i], in the order of t. times is at least 1; dx: [outer, inner] and
 * dy: [outer, times, inner], apart. Overwrites dx.
 */
export function repeatBackward(outer: i32, times: i32, inner: i32, dy: usize, dx: usize): void {
  for (let o = 0; o < outer; o++, dx += bytes(inner)) {
    memory.copy(dx, dy, bytes(inner));
    dy += bytes(inner);
    for (let t = 1; t < times; t++, dy += bytes(inner)) addForward(inner, dx, dy, dx);
  }
}
