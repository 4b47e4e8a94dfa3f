import { formatError } from "./format-error.js";
import { byteSizeOf, dtypes, type Dtype } from "./dtype.js";
import { JsonScanner } from "./json-scanner.js";

/**
 * What a file may ask for, so that a hostile one cannot ask for more. The reference reader takes headers of up to
 * 100 MB, huggingface.js of 25 MB.
 */
export const limits = { headerBytes: 25_000_000, tensors: 100_000, rank: 8, nameBytes: 1024 } as const;

export const METADATA = "__metadata__";

/** Bytes of the header's length, before the header. */
export const PREFIX = 8;

/** One tensor of the header. Offsets count from the end of the header. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: Map<string, TensorEntry>;
  readonly metadata: Map<string, string>;
  /** Where the tensors' bytes begin in the file. */
  readonly dataStart: number;
}

const WHERE = "safetensors.read";

/** Reads and checks all of a file but its numbers. Allocates nothing that grows with what the header claims. */
export function readHeader(bytes: Uint8Array): Header {
  const dataStart = PREFIX + headerLength(bytes);
  const tensors = new Map<string, TensorEntry>();
  const metadata = new Map<string, string>();
  const json = new JsonScanner(bytes.subarray(PREFIX, dataStart), WHERE);
  json.object("the header", limits.nameBytes, (name) => {
    if (name === METADATA) {
      json.object(METADATA, limits.nameBytes, (key) => {
        metadata.set(key, json.string(`${METADATA} ${JSON.stringify(key)}`));
      });
      return;
    }
    if (tensors.size === limits.tensors) {
      throw formatError(WHERE, `there must be at most ${limits.tensors} tensors`, "name", name);
    }
    tensors.set(name, readEntry(json, JSON.stringify(name)));
  });
  json.end("the header");
  checkLayout(tensors, bytes.length - dataStart);
  return { tensors, metadata, dataStart };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < PREFIX) {
    throw formatError(WHERE, `a file must have at least ${PREFIX} bytes`, "bytes.length", bytes.length);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const available = bytes.length - PREFIX;
  if (length < 1n || length > available) {
    throw formatError(
      WHERE,
      `the header's length must be in [1, ${available}], what the file has left`,
      "length",
      length,
    );
  }
  if (length > limits.headerBytes) {
    throw formatError(WHERE, `the header must have at most ${limits.headerBytes} bytes`, "length", length);
  }
  return Number(length);
}

/** `{ "dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24] }`, keys in any order. */
function readEntry(json: JsonScanner, name: string): TensorEntry {
  let dtype: Dtype | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const integers = (what: string, maximum: number) => {
    const items: number[] = [];
    json.array(what, maximum, () => items.push(json.unsigned(`each number in ${what}`)));
    return items;
  };
  json.object(`tensor ${name}`, limits.nameBytes, (key) => {
    if (key === "dtype") dtype = readDtype(json, name);
    else if (key === "shape") shape = integers(`shape of ${name}`, limits.rank);
    else if (key === "data_offsets") offsets = integers(`data_offsets of ${name}`, 2);
    else throw formatError(WHERE, `tensor ${name} must have only dtype, shape and data_offsets`, "key", key);
  });
  if (dtype === undefined || shape === undefined || offsets === undefined) {
    const missing = dtype === undefined ? "dtype" : shape === undefined ? "shape" : "data_offsets";
    throw formatError(WHERE, `tensor ${name} must have dtype, shape and data_offsets`, missing, undefined);
  }
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || begin > end) {
    throw formatError(WHERE, `data_offsets of ${name} must be [begin, end] with begin <= end`, "data_offsets", offsets);
  }
  const byteLength = byteLengthOf(shape, byteSizeOf(dtype));
  if (byteLength !== end - begin) {
    const expected = Number.isNaN(byteLength) ? "fewer than 2^53" : `${end - begin}`;
    throw formatError(
      WHERE,
      `shape and dtype of ${name} must take ${expected} bytes, as data_offsets say`,
      "shape",
      shape,
    );
  }
  return { dtype, shape, begin, end };
}

function readDtype(json: JsonScanner, name: string): Dtype {
  const value = json.string(`dtype of ${name}`, limits.nameBytes);
  const dtype = dtypes.find((known) => known === value);
  if (dtype === undefined) {
    throw formatError(WHERE, `dtype of ${name} must be one of ${dtypes.join(", ")}`, "dtype", value);
  }
  return dtype;
}

/** Bytes of an array of that shape; NaN if more than a double counts exactly, also on the way to a zero. */
function byteLengthOf(shape: readonly number[], size: number): number {
  let product = size;
  for (const extent of shape) {
    product *= extent;
    if (!Number.isSafeInteger(product)) return NaN;
  }
  return product;
}

/** The tensors must cover the data from its first byte to its last, without overlap and without a hole. */
function checkLayout(tensors: ReadonlyMap<string, TensorEntry>, dataLength: number): void {
  const byOffset = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { begin, end }] of byOffset) {
    const quoted = JSON.stringify(name);
    if (end > dataLength) {
      throw formatError(WHERE, `tensor ${quoted} must end within the ${dataLength} bytes of data`, "end", end);
    }
    if (begin < covered) {
      throw formatError(WHERE, `tensor ${quoted} must not overlap another, which ends at ${covered}`, "begin", begin);
    }
    if (begin > covered) {
      throw formatError(WHERE, `tensor ${quoted} must leave no hole: it must begin at ${covered}`, "begin", begin);
    }
    covered = end;
  }
  if (covered !== dataLength) {
    throw formatError(WHERE, `no byte may follow the last tensor, which ends at ${covered}`, "data length", dataLength);
  }
}
