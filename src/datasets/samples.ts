import { rangeError } from "../check.js";
import { Tensor, tensor, type DataLike, type TypedArray } from "../tensor.js";

/** Tensors whose first axis counts the samples. */
export type Samples<T extends readonly DataLike[]> = { -readonly [K in keyof T]: Tensor<TypedArray> };

/** The values as tensors, all with one number of samples; an error names the one that differs. */
export function samplesOf(
  where: string,
  arrays: readonly DataLike[],
): { tensors: Tensor<TypedArray>[]; total: number } {
  if (!Array.isArray(arrays)) throw new TypeError(`${where}: arrays must be a list, such as [x, y].`);
  if (arrays.length === 0) throw rangeError(where, "arrays must not be empty", "arrays", arrays);
  const tensors = arrays.map((array: DataLike) => tensor(array));
  const total = tensors[0]!.shape[0];
  if (total === undefined) throw rangeError(where, "arrays must have at least one axis", "arrays[0].shape", []);
  for (const [i, { shape }] of tensors.entries()) {
    if (shape[0] === total) continue;
    const expected = `all arrays must have as many samples as the first, ${total}`;
    throw rangeError(where, expected, `arrays[${i}].shape`, shape);
  }
  return { tensors, total };
}

/** Numbers in one sample. */
export function sampleSize(x: Tensor<TypedArray>): number {
  return x.shape.slice(1).reduce((product, extent) => product * extent, 1);
}

/** Copies the samples that `order` lists, in that order. */
export function takeSamples(x: Tensor<TypedArray>, order: Uint32Array): Tensor<TypedArray> {
  const size = sampleSize(x);
  const Kind = x.data.constructor as new (length: number) => TypedArray;
  const data = new Kind(order.length * size);
  for (let i = 0; i < order.length; i++) {
    const start = order[i]! * size;
    data.set(x.data.subarray(start, start + size), i * size);
  }
  return new Tensor(data, [order.length, ...x.shape.slice(1)]);
}
