/**
 * The kernels as scripts/pack-wasm.mjs packs them: of the relaxed build, every kind of bytes in a stream of its own,
 * which deflate makes a third smaller than the module as it stands. The streams, each behind its length as u32:
 *
 * - the module of math.ts, as it is;
 * - what is before the code, and what is after it;
 * - heads: the number of functions; then for each the locals that it declares, the first free local, or 0 if it does
 *   not multiply and add, and the first local of type v128;
 * - kinds of instructions: how many fixed bytes each has (opcode, constants, alignment) and which; then which stream of
 *   numbers follows and, times 4, how many. Kind 0 is a function's end, 1 relaxed_madd, 2 relaxed_nmadd;
 * - the instructions, as indices of kinds;
 * - four streams of numbers: locals, offsets of loads and stores, all others, and locals of type v128, counted from
 *   the first. Every number is a LEB128.
 *
 * The baseline build is the relaxed one with two instructions replaced, by means of two more locals t and u:
 *
 *     a  b  c  relaxed_madd     a  b  c  set t  mul  get t  add                  a * b + c
 *     a  b  c  relaxed_nmadd    a  b  c  set t  mul  set u  get t  get u  sub    c - a * b
 */
export { fromBase64 } from "./base64";
export { inflate } from "./inflate";

/** What to unpack. */
const MATH_MODULE: i32 = 0;
const RELAXED_BUILD: i32 = 2;

/** Numbers of streams. */
const MATH: i32 = 0;
const BEFORE: i32 = 1;
const AFTER: i32 = 2;
const HEADS: i32 = 3;
const KINDS: i32 = 4;
const INSTRUCTIONS: i32 = 5;
const NUMBERS: i32 = 6;
const VECTORS: i32 = 9;
const STREAMS: i32 = 10;

/** Where each stream goes on, and where each ends. */
const NEXT = memory.data(4 * 10);
const END = memory.data(4 * 10);
/** Addresses of the kinds of instructions. */
const KIND_AT = memory.data(4 * 1024);

const MADD: i32 = 1;
const NMADD: i32 = 2;

const GET: i32 = 0x20;
const SET: i32 = 0x21;
const F32X4_ADD: i32 = 0xe4;
const F32X4_SUB: i32 = 0xe5;
const F32X4_MUL: i32 = 0xe6;
const V128: i32 = 0x7b;

/** Longest LEB128 of a size. */
const SIZE_BYTES: usize = 5;

/** Where the next byte of the module goes. */
let out: usize = 0;

@inline
function put(byte: i32): void {
  store<u8>(out++, <u8>byte);
}

function putNumber(value: i32): void {
  for (; value > 127; value >>>= 7) put(value & 127 | 128);
  put(value);
}

function putBytes(from: usize, length: usize): void {
  memory.copy(out, from, length);
  out += length;
}

/** Puts the size of what was written from `start` on, SIZE_BYTES after it, before that. */
function putSize(start: usize): void {
  const from = start + SIZE_BYTES;
  const length = out - from;
  out = start;
  putNumber(<i32>length);
  putBytes(from, length);
}

function putStream(stream: i32): void {
  const from = load<usize>(NEXT + (stream << 2));
  putBytes(from, load<usize>(END + (stream << 2)) - from);
}

@inline
function takeByte(stream: i32): i32 {
  const next = NEXT + (stream << 2);
  const address = load<usize>(next);
  store<usize>(next, address + 1);
  return load<u8>(address);
}

function takeNumber(stream: i32): i32 {
  let byte = takeByte(stream);
  let value = byte & 127;
  for (let shift = 7; byte > 127; shift += 7) {
    byte = takeByte(stream);
    value |= (byte & 127) << shift;
  }
  return value;
}

/** Puts the next number of a stream as it stands. */
function copyNumber(stream: i32): void {
  let byte: i32;
  do {
    byte = takeByte(stream);
    put(byte);
  } while (byte > 127);
}

function putVector(operation: i32): void {
  put(0xfd);
  put(operation);
  put(1);
}

function putLocal(operation: i32, local: i32): void {
  put(operation);
  putNumber(local);
}

function putFunction(relaxed: bool): void {
  const start = out;
  out += SIZE_BYTES;
  const groups = takeNumber(HEADS);
  const declared = load<usize>(NEXT + (HEADS << 2));
  for (let i = 0; i < groups; i++) {
    takeNumber(HEADS); // how many
    takeByte(HEADS); // of which type
  }
  const length = load<usize>(NEXT + (HEADS << 2)) - declared;
  const t = takeNumber(HEADS);
  const firstVector = takeNumber(HEADS);
  const rewritten = !relaxed && t > 0;
  putNumber(groups + i32(rewritten));
  putBytes(declared, length);
  if (rewritten) {
    put(2);
    put(V128);
  }
  for (let kind = -1; kind != 0;) {
    kind = takeNumber(INSTRUCTIONS);
    if (rewritten && (kind == MADD || kind == NMADD)) {
      putLocal(SET, t);
      putVector(F32X4_MUL);
      if (kind == NMADD) putLocal(SET, t + 1);
      putLocal(GET, t);
      if (kind == NMADD) putLocal(GET, t + 1);
      putVector(kind == MADD ? F32X4_ADD : F32X4_SUB);
      continue;
    }
    const fixed = load<usize>(KIND_AT + (kind << 2));
    const length = <usize>load<u8>(fixed);
    for (let i: usize = 1; i <= length; i++) put(load<u8>(fixed + i));
    const numbers = <i32>load<u8>(fixed + length + 1);
    const stream = NUMBERS + (numbers & 3);
    for (let left = numbers >> 2; left > 0; left--) {
      if (stream == VECTORS) putNumber(firstVector + takeNumber(stream));
      else copyNumber(stream);
    }
  }
  putSize(start);
}

/**
 * Writes a module (0 math, 1 the baseline build, 2 the relaxed build) to `to` from the streams that begin at `from`,
 * and returns the end of it.
 */
export function unpack(from: usize, to: usize, wanted: i32): usize {
  for (let stream = 0; stream < STREAMS; stream++) {
    const length = load<u32>(from);
    store<usize>(NEXT + (stream << 2), from + 4);
    from += 4 + length;
    store<usize>(END + (stream << 2), from);
  }
  out = to;
  if (wanted == MATH_MODULE) {
    putStream(MATH);
    return out;
  }

  const endOfKinds = load<usize>(END + (KINDS << 2));
  let kind = load<usize>(NEXT + (KINDS << 2));
  for (let at = KIND_AT; kind < endOfKinds; at += 4) {
    store<usize>(at, kind);
    kind += 2 + <usize>load<u8>(kind);
  }

  putStream(BEFORE);
  put(10); // the code section
  const code = out;
  out += SIZE_BYTES;
  const functions = takeNumber(HEADS);
  putNumber(functions);
  for (let i = 0; i < functions; i++) putFunction(wanted == RELAXED_BUILD);
  putSize(code);
  putStream(AFTER);
  return out;
}

/** The first address that is free for data. */
export function heapBase(): usize {
  return __heap_base;
}
