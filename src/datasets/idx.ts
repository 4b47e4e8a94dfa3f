import { FormatError } from "../check.js";
import { Tensor, type TypedArray } from "../tensor.js";

type Reader = (view: DataView, offset: number, length: number) => TypedArray;

function read<A extends TypedArray>(
  Kind: new (length: number) => A,
  bytes: number,
  get: (view: DataView, offset: number) => number,
): { bytes: number; read: Reader } {
  return {
    bytes,
    read(view, offset, length) {
      const data = new Kind(length);
      for (let i = 0; i < length; i++) data[i] = get(view, offset + i * bytes);
      return data;
    },
  };
}

/** The third byte of the magic number: the type of the elements, most significant byte first. */
const types: Readonly<Record<number, { bytes: number; read: Reader }>> = {
  // Single bytes have no order: a view of the file, not a copy.
  0x08: {
    bytes: 1,
    read: (view, offset, length) => new Uint8Array(view.buffer, view.byteOffset + offset, length),
  },
  0x09: {
    bytes: 1,
    read: (view, offset, length) => new Int8Array(view.buffer, view.byteOffset + offset, length),
  },
  0x0b: read(Int16Array, 2, (view, offset) => view.getInt16(offset)),
  0x0c: read(Int32Array, 4, (view, offset) => view.getInt32(offset)),
  0x0d: read(Float32Array, 4, (view, offset) => view.getFloat32(offset)),
  0x0e: read(Float64Array, 8, (view, offset) => view.getFloat64(offset)),
};

const hex = (value: number): string => `0x${value.toString(16).padStart(2, "0")}`;

/**
 * Reads the bytes of an IDX file, the format of MNIST: two zero bytes, a type, the number of axes, each axis as a
 * big-endian u32, then the numbers in C order. Data of single bytes is a view of `bytes`; other types are copied.
 * Throws FormatError, before allocating, if the bytes are anything else, too few or too many.
 * Source: LeCun, Cortes and Burges, "The MNIST database", section on file formats.
 */
export function idx(bytes: Uint8Array): Tensor<TypedArray> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("idx: bytes must be a Uint8Array.");
  const fail = (expected: string, received: string): never => {
    throw new FormatError(`idx: ${expected}. Received: ${received}.`);
  };
  if (bytes.length < 4) fail("the header must have at least 4 bytes", `byteLength=${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0)
    fail("the first two bytes must be 0 (is the file still compressed?)", `${hex(bytes[0]!)} ${hex(bytes[1]!)}`);
  const type = types[bytes[2]!];
  if (type === undefined) {
    const known = Object.keys(types).map((code) => hex(Number(code)));
    return fail(`the type must be one of ${known.join(", ")}`, `type=${hex(bytes[2]!)}`);
  }
  const rank = bytes[3]!;
  const header = 4 + 4 * rank;
  if (rank === 0) fail("there must be at least one axis", "axes=0");
  if (bytes.length < header) fail(`the header of ${rank} axes must have ${header} bytes`, `byteLength=${bytes.length}`);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const length = shape.reduce((product, axis) => product * axis, 1);
  const expected = header + length * type.bytes; // inexact beyond 2^53, but then larger than any file
  if (bytes.length !== expected) {
    fail(`the file of shape [${shape.join(", ")}] must have ${expected} bytes`, `byteLength=${bytes.length}`);
  }
  return new Tensor(type.read(view, header, length), shape);
}
