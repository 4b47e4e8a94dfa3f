import { rangeError, typeError } from "./check.js";

/** The typed arrays that data may come in. 64-bit integers are not among them: they do not fit a float. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** Numbers in arrays in arrays; the innermost rows may be typed arrays. */
export type NestedArray = readonly (number | NestedArray | TypedArray)[];

/** What every function that takes data takes. */
export type DataLike = Tensor<TypedArray> | TypedArray | NestedArray;

/** What toArray() returns: numbers in as many arrays as the rank. */
export type NestedNumbers = number | NestedNumbers[];

/** Arrays nested deeper than this are refused, as in model files. It also ends arrays that contain themselves. */
const MAXIMUM_RANK = 8;

/** Numbers with a shape, in row-major order, in ordinary JavaScript memory. Made by `tensor`. */
export class Tensor<D extends TypedArray = Float32Array> {
  readonly data: D;
  /** Frozen: to reshape, make another tensor over the same data. */
  readonly shape: readonly number[];

  constructor(data: D, shape: readonly number[]) {
    this.data = data;
    this.shape = Object.freeze(resolveShape(shape, data.length));
  }

  get size(): number {
    return this.data.length;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** The number at one index per axis. Negative indices count from the end of their axis. */
  at(...indices: number[]): number {
    if (indices.length !== this.rank) {
      throw rangeError("Tensor.at", `one index for each of the ${this.rank} axes`, "indices", indices);
    }
    let position = 0;
    for (const [axis, extent] of this.shape.entries()) {
      const index = indices[axis]!;
      if (!Number.isInteger(index) || index < -extent || index >= extent) {
        throw rangeError(
          "Tensor.at",
          `the index on axis ${axis} must be an integer in [-${extent}, ${extent})`,
          "indices",
          indices,
        );
      }
      position = position * extent + (index < 0 ? index + extent : index);
    }
    return this.data[position]!;
  }

  /** Nested arrays of the same numbers; a plain number if the rank is 0. */
  toArray(): NestedNumbers {
    const { data, shape } = this;
    let position = 0;
    const nest = (axis: number): NestedNumbers =>
      axis === shape.length ? data[position++]! : Array.from({ length: shape[axis]! }, () => nest(axis + 1));
    return nest(0);
  }

  /**
   * Index of the largest number along an axis, by default the last one: of `[batch, classes]` the class of each row.
   * The first of equals; NaN counts as the largest, as in NumPy.
   */
  argMax(axis = -1): Tensor<Int32Array> {
    const { data, shape, rank } = this;
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw rangeError("Tensor.argMax", `axis must be an integer in [-${rank}, ${rank})`, "axis", axis);
    }
    const along = axis < 0 ? axis + rank : axis;
    const extent = shape[along]!;
    if (extent === 0) throw rangeError("Tensor.argMax", `axis ${axis} must not be empty`, "shape", shape);
    const inner = productOf(shape.slice(along + 1));
    const outer = productOf(shape.slice(0, along));
    const result = new Int32Array(outer * inner);
    for (let i = 0; i < result.length; i++) {
      const start = Math.floor(i / inner) * extent * inner + (i % inner);
      let best = data[start]!;
      for (let k = 1; k < extent; k++) {
        const value = data[start + k * inner]!;
        if (value > best || (Number.isNaN(value) && !Number.isNaN(best))) {
          best = value;
          result[i] = k;
        }
      }
    }
    return new Tensor(result, [...shape.slice(0, along), ...shape.slice(along + 1)]);
  }
}

/**
 * A tensor of numbers. A typed array is kept as it is, without a copy; nested arrays become a Float32Array. The shape
 * is that of the nesting, `[length]` for a typed array, or the one given, where one extent may be -1: what is left.
 */
export function tensor<D extends TypedArray>(data: D | Tensor<D>, shape?: readonly number[]): Tensor<D>;
export function tensor(data: NestedArray, shape?: readonly number[]): Tensor;
export function tensor(data: DataLike, shape?: readonly number[]): Tensor<TypedArray>;
export function tensor(data: DataLike, shape?: readonly number[]): Tensor<TypedArray> {
  if (data instanceof Tensor) return new Tensor(data.data, shape ?? data.shape);
  if (isTypedArray(data)) return new Tensor(data, shape ?? [data.length]);
  if (!Array.isArray(data)) {
    throw typeError("tensor", "data must be a Tensor, a typed array or nested arrays of numbers", "data", data);
  }
  const nesting = nestingOf(data);
  return new Tensor(flatten(data, nesting), shape ?? nesting);
}

/** Whether value is one of the typed arrays that data may come in. */
export function isTypedArray(value: unknown): value is TypedArray {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array)
  );
}

function productOf(extents: readonly number[]): number {
  return extents.reduce((product, extent) => product * extent, 1);
}

/** A checked copy of shape for size numbers, with -1 replaced. */
function resolveShape(shape: readonly number[], size: number): number[] {
  const unknown = shape.indexOf(-1);
  const known = shape.filter((_, axis) => axis !== unknown);
  if (!known.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw rangeError("tensor", "shape must hold integers from 0, at most one of them -1", "shape", shape);
  }
  const product = productOf(known);
  const missing = size / product;
  if (unknown < 0 ? product !== size : !Number.isInteger(missing)) {
    throw rangeError("tensor", `shape must have room for exactly the ${size} numbers of data`, "shape", shape);
  }
  return shape.map((extent, axis) => (axis === unknown ? missing : extent));
}

/** The shape that data has if each array is as long as the first at its depth. */
function nestingOf(data: NestedArray): number[] {
  const shape: number[] = [];
  for (let rows: unknown = data; Array.isArray(rows) || isTypedArray(rows); rows = rows[0]) {
    shape.push(rows.length);
    if (shape.length > MAXIMUM_RANK) {
      throw rangeError("tensor", `arrays must be nested at most ${MAXIMUM_RANK} deep`, "data", data);
    }
  }
  return shape;
}

function flatten(data: NestedArray, shape: readonly number[]): Float32Array {
  const result = new Float32Array(productOf(shape));
  const innermost = shape.length - 1;
  const path: number[] = [];
  let position = 0;
  const name = (last: number) => `data${[...path, last].map((index) => `[${index}]`).join("")}`;

  const copy = (rows: NestedArray | TypedArray, depth: number): void => {
    const isRow = isTypedArray(rows);
    for (let i = 0; i < rows.length; i++) {
      const item = rows[i];
      if (depth === innermost) {
        if (typeof item !== "number") throw typeError("tensor", `${name(i)} must be a number`, name(i), item);
        result[position++] = item;
        continue;
      }
      if (isRow || !(Array.isArray(item) || isTypedArray(item))) {
        throw typeError("tensor", `${name(i)} must be an array, as data${"[0]".repeat(depth + 1)} is`, name(i), item);
      }
      const expected = shape[depth + 1]!;
      if (item.length !== expected) {
        throw rangeError(
          "tensor",
          `rows must have equal lengths: ${name(i)} must have ${expected} elements`,
          `${name(i)}.length`,
          item.length,
        );
      }
      path.push(i);
      copy(item, depth + 1);
      path.pop();
    }
  };
  copy(data, 0);
  return result;
}
