/**
 * The Wasm ABI: every kernel, by name. Kernels are pure functions over addresses (usize), counts (i32, in floats) and
 * scalars (f32); they allocate nothing and keep no state.
 */
export { isFused } from "./simd";
export { saxpy, sscal, addForward, sdot } from "./blas1";

/** First address that no constant table of the module occupies: where the arena may begin. */
export function heapBase(): usize {
  return __heap_base;
}
