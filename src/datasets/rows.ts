import { rangeError, typeError } from "../check.js";

/** The arrays that hold data. */
export type NumericArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint8ClampedArray<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>;

/** Data in C order whose first axis counts the samples. A Tensor is one. */
export interface Rows<A extends NumericArray = NumericArray> {
  readonly shape: readonly number[];
  readonly data: A;
}

/** What the functions of this family take: rows with a shape, or a typed array with one number per sample. */
export type RowsLike = Rows | NumericArray;

/** The value as rows, or an error that names it. */
export function rowsOf(where: string, name: string, value: unknown): Rows {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return { shape: [(value as NumericArray).length], data: value as NumericArray };
  }
  const { shape, data } = (value ?? {}) as Partial<Rows>;
  if (!Array.isArray(shape) || !ArrayBuffer.isView(data) || data instanceof DataView || shape.length === 0) {
    throw typeError(where, `${name} must be a typed array or { shape, data } with at least one axis`, name, value);
  }
  const size = (shape as number[]).reduce((product, length) => product * length, 1);
  if (size !== (data as NumericArray).length) {
    throw rangeError(where, `${name}.data must have the ${size} numbers of its shape`, `${name}.data`, data);
  }
  return { shape: shape as number[], data: data as NumericArray };
}

/** Numbers in one sample. */
export function rowSize(rows: Rows): number {
  return rows.shape.slice(1).reduce((product, length) => product * length, 1);
}

/** Copies the rows that `order` lists, in that order. */
export function takeRows(rows: Rows, order: Uint32Array): Rows {
  const width = rowSize(rows);
  const Kind = rows.data.constructor as new (length: number) => NumericArray;
  const data = new Kind(order.length * width);
  for (let i = 0; i < order.length; i++) {
    const start = order[i]! * width;
    data.set(rows.data.subarray(start, start + width), i * width);
  }
  return { shape: [order.length, ...rows.shape.slice(1)], data };
}

/** The common number of samples, or an error that names the array that differs. */
export function commonLength(where: string, arrays: readonly Rows[]): number {
  if (arrays.length === 0) throw rangeError(where, "arrays must not be empty", "arrays", arrays);
  const count = arrays[0]!.shape[0]!;
  for (const [i, rows] of arrays.entries()) {
    if (rows.shape[0] !== count) {
      const expected = `all arrays must have as many samples as the first, ${count}`;
      throw rangeError(where, expected, `arrays[${i}].shape`, rows.shape);
    }
  }
  return count;
}
