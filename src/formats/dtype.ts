import type { TypedArray } from "../tensor.js";
import { decodeHalf } from "./half.js";

/** Typed array that holds each dtype. F16 and BF16 come as their bits, BOOL as bytes. */
const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  U16: Uint16Array,
  U32: Uint32Array,
  U64: BigUint64Array,
  BOOL: Uint8Array,
} as const;

/** Names of the element types of a safetensors file. */
export type Dtype = keyof typeof arrays;

export type DtypeArray = Exclude<TypedArray, Uint8ClampedArray> | BigInt64Array | BigUint64Array;

export const dtypes = Object.keys(arrays) as readonly Dtype[];

export function arrayOf(dtype: Dtype): (typeof arrays)[Dtype] {
  return arrays[dtype];
}

export function byteSizeOf(dtype: Dtype): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

/** The dtype that a typed array holds unless told otherwise: of those that share it, the plain one. */
export function dtypeOf(data: unknown): Dtype | undefined {
  return dtypes.find((dtype) => dtype !== "F16" && dtype !== "BF16" && data instanceof arrays[dtype]);
}

/** Any dtype as floats. F16, BF16 and small integers are exact, others rounded; F32 is returned as it is. */
export function toFloat32({ dtype, data }: { readonly dtype: Dtype; readonly data: DtypeArray }): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === "F16" || dtype === "BF16") return decodeHalf(dtype, data as Uint16Array);
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

/** Bits of the floats, without their sign: from `infinity` they are not finite, above it NaN. */
const floatBits = {
  F16: { infinity: 0x7c00, sign: 0x8000, nan: 0x7e00 },
  BF16: { infinity: 0x7f80, sign: 0x8000, nan: 0x7fc0 },
  F32: { infinity: 0x7f800000, sign: 0x80000000, nan: 0x7fc00000 },
} as const;

function isNarrowFloat(dtype: Dtype): dtype is keyof typeof floatBits {
  return Object.hasOwn(floatBits, dtype);
}

/** Index of the first NaN or infinity, or -1. */
export function firstNonFinite(dtype: Dtype, data: DtypeArray): number {
  if (data instanceof Float64Array || data instanceof Float32Array) {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  } else if (isNarrowFloat(dtype)) {
    const { infinity, sign } = floatBits[dtype];
    for (let i = 0; i < data.length; i++) if (((data as Uint16Array)[i]! & ~sign) >= infinity) return i;
  }
  return -1;
}

/** Gives every NaN the same bits, in place: only their sign and payload may differ between machines. */
export function canonicalizeNaN(dtype: Dtype, data: DtypeArray): void {
  if (data instanceof Float64Array) {
    const words = new BigUint64Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < data.length; i++) if (Number.isNaN(data[i])) words[i] = 0x7ff8000000000000n;
  } else if (isNarrowFloat(dtype)) {
    const { infinity, sign, nan } = floatBits[dtype];
    const { buffer, byteOffset, length } = data;
    const words = data instanceof Float32Array ? new Uint32Array(buffer, byteOffset, length) : (data as Uint16Array);
    for (let i = 0; i < words.length; i++) if ((words[i]! & ~sign) > infinity) words[i] = nan;
  }
}
