/**
 * Safetensors: 8 bytes of little-endian header length, a JSON header with each tensor's dtype, shape and offsets, then
 * the numbers in C order. https://github.com/huggingface/safetensors
 */
import { checkChoice, checkKeys, rangeError, typeError } from "../check.js";
import {
  arrayOf,
  byteSizeOf,
  canonicalizeNaN,
  dtypeOf,
  dtypes,
  firstNonFinite,
  type Dtype,
  type DtypeArray,
} from "./dtype.js";
import { formatError } from "./format-error.js";
import { limits, METADATA, PREFIX, readHeader } from "./safetensors-header.js";

export { toFloat32, type Dtype, type DtypeArray } from "./dtype.js";
export { encodeHalf } from "./half.js";

/** One tensor of a file. `data` is its own copy; F16 and BF16 are bits in a Uint16Array, see toFloat32. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: DtypeArray;
}

export interface SafetensorsFile {
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Map<string, string>;
}

export interface ReadOptions {
  /** What to do about NaN and infinite numbers. Default "warn", on the console. */
  nonFinite?: "warn" | "refuse" | "allow";
}

/**
 * Reads a safetensors file. The whole header is checked before anything is allocated; whatever is wrong is a
 * FormatError, and there is no partial result.
 */
export function read(bytes: Uint8Array | ArrayBuffer, options: ReadOptions = {}): SafetensorsFile {
  checkKeys("safetensors.read", options, ["nonFinite"]);
  const { nonFinite = "warn" } = options;
  checkChoice("safetensors.read", "nonFinite", nonFinite, ["warn", "refuse", "allow"]);
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(checkBuffer(bytes));
  const { tensors: entries, metadata, dataStart } = readHeader(file);

  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, begin, end }] of entries) {
    // A copy also where a view would do: data may start at any byte, and typed arrays may not.
    const copy = new Uint8Array(end - begin);
    copy.set(file.subarray(dataStart + begin, dataStart + end));
    const data = new (arrayOf(dtype))(copy.buffer);
    if (nonFinite !== "allow") reportNonFinite(name, dtype, data, nonFinite === "refuse");
    tensors.set(name, { dtype, shape, data });
  }
  return { tensors, metadata };
}

function checkBuffer(bytes: unknown): ArrayBuffer {
  if (bytes instanceof ArrayBuffer) return bytes;
  throw typeError("safetensors.read", "bytes must be a Uint8Array or an ArrayBuffer", "bytes", bytes);
}

function reportNonFinite(name: string, dtype: Dtype, data: DtypeArray, refuse: boolean): void {
  const index = firstNonFinite(dtype, data);
  if (index < 0) return;
  const expected = `tensor ${JSON.stringify(name)} must hold finite numbers`;
  const error = formatError("safetensors.read", expected, `index`, index);
  if (refuse) throw error;
  console.warn(error.message);
}

/** A tensor to write: a `Tensor`, what `read` returns, or any typed array with its shape. */
export interface WritableTensor {
  readonly shape: readonly number[];
  readonly data: DtypeArray | Uint8ClampedArray;
  /** Default: what data's type says. Needed for F16 and BF16 (bits in a Uint16Array) and BOOL (in a Uint8Array). */
  readonly dtype?: Dtype;
}

/**
 * Writes a safetensors file. Tensors go by size of their elements, widest first, then by name, so that each is aligned
 * and the same tensors and metadata give the same bytes, whatever their order. All NaN of a type get the same bits.
 */
export function write(
  tensors: ReadonlyMap<string, WritableTensor> | Readonly<Record<string, WritableTensor>>,
  metadata: ReadonlyMap<string, string> | Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = entriesOf("tensors", tensors).map(([name, tensor]) => ({ name, ...checkTensor(name, tensor) }));
  if (entries.length > limits.tensors) {
    throw rangeError("safetensors.write", `there must be at most ${limits.tensors} tensors`, "count", entries.length);
  }
  entries.sort((a, b) => byteSizeOf(b.dtype) - byteSizeOf(a.dtype) || (a.name < b.name ? -1 : 1));

  // Written by hand: an object would move keys that look like numbers to its front, and has its own ideas of __proto__.
  const fields: string[] = [];
  const pairs = metadataFields(metadata);
  if (pairs.length > 0) fields.push(`"${METADATA}":{${pairs.join(",")}}`);
  let end = 0;
  for (const { name, dtype, shape, data } of entries) {
    const begin = end;
    end += data.byteLength;
    const rest = { dtype, shape, data_offsets: [begin, end] };
    fields.push(`${quoteName(name)}:${JSON.stringify(rest)}`);
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const dataStart = Math.ceil((PREFIX + header.length) / 8) * 8;
  if (dataStart - PREFIX > limits.headerBytes) {
    throw rangeError(
      "safetensors.write",
      `the header must have at most ${limits.headerBytes} bytes`,
      "bytes",
      header.length,
    );
  }

  const file = new Uint8Array(dataStart + end).fill(0x20, PREFIX + header.length, dataStart);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - PREFIX), true);
  file.set(header, PREFIX);
  let position = dataStart;
  for (const { dtype, data } of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    canonicalizeNaN(dtype, new (arrayOf(dtype))(file.buffer, position, data.length));
    position += data.byteLength;
  }
  return file;
}

function entriesOf<T>(what: string, items: ReadonlyMap<string, T> | Readonly<Record<string, T>>): [string, T][] {
  if (items instanceof Map) return [...items];
  if (typeof items !== "object" || items === null || Array.isArray(items)) {
    throw typeError("safetensors.write", `${what} must be a Map or an object`, what, items);
  }
  return Object.entries(items as Record<string, T>);
}

function checkTensor(name: string, tensor: WritableTensor): StoredTensor {
  const quoted = quoteName(name);
  if (name === METADATA) throw rangeError("safetensors.write", `no tensor may be called ${METADATA}`, "name", name);
  const { shape, data } = tensor;
  const plain = data instanceof Uint8ClampedArray ? new Uint8Array(data.buffer, data.byteOffset, data.length) : data;
  const dtype = tensor.dtype ?? dtypeOf(plain);
  if (dtype === undefined) {
    throw typeError("safetensors.write", `data of ${quoted} must be a typed array of numbers`, "data", data);
  }
  checkChoice("safetensors.write", `dtype of ${quoted}`, dtype, dtypes);
  if (!(plain instanceof arrayOf(dtype))) {
    throw typeError(
      "safetensors.write",
      `data of ${quoted} must be a ${arrayOf(dtype).name} for ${dtype}`,
      "data",
      data,
    );
  }
  const isShape = Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  const size = isShape ? shape.reduce((product: number, extent: number) => product * extent, 1) : -1;
  if (size !== plain.length || shape.length > limits.rank) {
    const expected = `shape of ${quoted} must have at most ${limits.rank} extents and a product of ${plain.length}`;
    throw rangeError("safetensors.write", expected, "shape", shape);
  }
  return { dtype, shape, data: plain };
}

function metadataFields(metadata: ReadonlyMap<string, string> | Readonly<Record<string, string>>): string[] {
  const pairs = entriesOf("metadata", metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.map(([key, value]) => {
    if (typeof value !== "string") {
      throw typeError("safetensors.write", `metadata ${quoteName(key)} must be a string`, "value", value);
    }
    return `${quoteName(key)}:${quote(value)}`;
  });
}

/** A name in quotes, short enough for `read`. */
function quoteName(name: string): string {
  const quoted = quote(name);
  const byteLength = new TextEncoder().encode(quoted).length - 2;
  if (byteLength <= limits.nameBytes) return quoted;
  throw rangeError("safetensors.write", `names must have at most ${limits.nameBytes} bytes`, "name", name);
}

function quote(text: string): string {
  if (!/\p{Surrogate}/u.test(text)) return JSON.stringify(text);
  throw rangeError("safetensors.write", "texts must have surrogates in pairs", "text", text);
}
