/**
 * The raw kernels over linear memory and its arena: for benchmarks, and for those who embed the core. An engine of its
 * own, apart from the one that models share:
 *
 *     const engine = createEngine({ build: "baseline" });
 *     const { kernels, arena } = engine;
 *     const x = arena.allocate(4 * n);            // bytes in, address out
 *     engine.floats(x, n).set(values);            // a view, valid until memory grows
 *     kernels.reluForward(n, x, x);
 *     arena.free(x);
 */
export { MemoryError } from "./check.js";
export { Arena } from "./runtime/arena.js";
export { createEngine, Engine, type EngineInfo, type EngineOptions } from "./runtime/engine.js";
export type { Build, Kernels } from "./runtime/wasm.js";
