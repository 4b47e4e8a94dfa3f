export { FormatError, MemoryError } from "./check.js";
export { datasets } from "./datasets/index.js";
export type * from "./datasets/index.js";
export { info, init, type EngineInfo, type EngineOptions } from "./runtime/engine.js";
export { Tensor, tensor, type DataLike, type NestedArray, type TypedArray } from "./tensor.js";
