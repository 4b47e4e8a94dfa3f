/** Bytes of safetensors files by hand, right and wrong. */

const utf8 = new TextEncoder();

/** A file with this header, as text, bytes or an object, and data; `length` lies about the header's length. */
export function makeFile(
  header: string | Uint8Array | object,
  data: ArrayLike<number> = [],
  length?: bigint,
): Uint8Array<ArrayBuffer> {
  const json =
    header instanceof Uint8Array ? header : utf8.encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

/** The header text of one tensor; fields given replace the right ones. */
export function entry(fields: { dtype?: string; shape?: string; offsets?: string; extra?: string } = {}): string {
  const { dtype = '"U8"', shape = "[4]", offsets = "[0,4]", extra = "" } = fields;
  return `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}${extra}}`;
}
