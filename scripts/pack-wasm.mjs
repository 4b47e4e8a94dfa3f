// Packs the relaxed build as assembly/packed/unpack.ts unpacks it, where the form is described.
import zopfli from "@gfx/zopfli";

const [END, MADD, NMADD] = ["0b", "fd8502", "fd8602"];

/** Streams of immediates, as numbered in the table of tokens. */
const LOCALS = 0;
const OFFSETS = 1;
const INTEGERS = 2;
const VECTORS = 3;
const V128 = 0x7b;

/** Reads a module. Opcodes and their immediates: https://webassembly.github.io/spec/core/binary/instructions.html */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    return this.bytes[this.at++];
  }

  take(count) {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** The bytes of a LEB128 number. */
  number() {
    const from = this.at;
    while (this.byte() & 128);
    return this.bytes.subarray(from, this.at);
  }

  /** An unsigned LEB128 number. */
  count() {
    return this.number().reduce((value, byte, i) => value + (byte & 127) * 2 ** (7 * i), 0);
  }

  /** An instruction: its fixed bytes, with constants and alignments, and its numbers, from the stream named. */
  instruction() {
    const from = this.at;
    const opcode = this.byte();
    const sub = opcode === 0xfc || opcode === 0xfd ? this.count() : undefined;
    const simple = (length = 0) => {
      this.take(length);
      return { fixed: this.bytes.subarray(from, this.at), numbers: [] };
    };
    const numbered = (stream, count = 1) => {
      const fixed = this.bytes.subarray(from, this.at);
      return { fixed, stream, numbers: Array.from({ length: count }, () => this.number()) };
    };
    const memory = (count) => {
      this.number(); // the alignment
      return numbered(OFFSETS, count);
    };
    if (opcode === 0xfd) {
      // unpack.ts makes the baseline build by rewriting these two; it cannot have any other relaxed instruction.
      if (sub >= 256 && sub !== 261 && sub !== 262) throw new Error(`pack-wasm: no such instruction fd ${sub}`);
      if (sub === 12 || sub === 13) return simple(16); // v128.const, i8x16.shuffle
      if (sub <= 11 || sub === 92 || sub === 93) return memory(1);
      if (sub >= 84 && sub <= 91) return memory(2); // loads and stores of a lane: the offset, then the lane
      return simple(sub >= 21 && sub <= 34 ? 1 : 0); // a lane extracted or replaced
    }
    if (opcode === 0xfc) {
      if (sub > 7 && sub !== 10 && sub !== 11) throw new Error(`pack-wasm: no such instruction fc ${sub}`);
      return simple(sub === 10 ? 2 : sub === 11 ? 1 : 0); // memory.copy, memory.fill
    }
    if (opcode >= 0x20 && opcode <= 0x22) return numbered(LOCALS);
    if (opcode >= 0x28 && opcode <= 0x3e) return memory(1);
    if (opcode === 0x10 || opcode === 0x41 || opcode === 0x42) return numbered(INTEGERS); // call, constants
    if ((opcode >= 0x02 && opcode <= 0x04) || opcode === 0x0c || opcode === 0x0d) return simple(1); // blocks, branches
    if (opcode === 0x43) return simple(4);
    if (opcode === 0x44) return simple(8);
    const plain = opcode <= 0x01 || opcode === 0x05 || opcode === 0x0b || opcode === 0x0f || opcode === 0x1a;
    if (plain || opcode === 0x1b || (opcode >= 0x45 && opcode <= 0xc4)) return simple();
    throw new Error(`pack-wasm: no such instruction ${opcode.toString(16)}`);
  }
}

/** A number as LEB128. */
function leb(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

const u32 = (value) => new Uint8Array(Uint32Array.of(value).buffer);

/** Packs the relaxed build; `others` are the bytes of another module, kept as they are. Returns a promise. */
export function pack(module, others) {
  const reader = new Reader(module);
  reader.take(8);
  const parametersOf = []; // how many, by type
  const typeOf = []; // by function
  for (;;) {
    const [start, id, size] = [reader.at, reader.byte(), reader.count()];
    if (id === 10) {
      var [code, end] = [start, reader.at + size];
      break;
    }
    const next = reader.at + size;
    if (id === 1) {
      for (let left = reader.count(); left > 0; left--) {
        reader.byte();
        parametersOf.push(reader.take(reader.count()).length);
        reader.take(reader.count());
      }
    } else if (id === 3) {
      for (let left = reader.count(); left > 0; left--) typeOf.push(reader.count());
    }
    reader.at = next;
  }

  const heads = [];
  const immediates = [[], [], [], []];
  const kinds = new Map(
    [END, MADD, NMADD].map((key) => [key, { key, fixed: Buffer.from(key, "hex"), numbers: [], times: Infinity }]),
  );
  const instructions = [];
  const functions = reader.count();
  for (let f = 0; f < functions; f++) {
    const bodyEnd = reader.count() + reader.at;
    const start = reader.at;
    let locals = parametersOf[typeOf[f]];
    let [vectors, endOfVectors] = [0, 0]; // the locals of type v128, which the compiler declares one after the other
    for (let left = reader.count(); left > 0; left--) {
      const count = reader.count();
      if (reader.byte() === V128) [vectors, endOfVectors] = [locals, locals + count];
      locals += count;
    }
    const declared = module.subarray(start, reader.at);
    let multiplies = false;
    while (reader.at < bodyEnd) {
      const instruction = reader.instruction();
      const { fixed, numbers } = instruction;
      let { stream = 0 } = instruction;
      if (stream === LOCALS && numbers.length > 0) {
        const local = new Reader(numbers[0]).count();
        if (local >= vectors && local < endOfVectors) {
          stream = VECTORS;
          numbers[0] = leb(local - vectors);
        }
      }
      if (numbers.length > 0) immediates[stream].push(...numbers.flatMap((bytes) => [...bytes]));
      const isEnd = fixed[0] === 0x0b && reader.at === bodyEnd;
      const bytes = Buffer.from(fixed).toString("hex");
      // The last end of a function is a token of its own, so that no nesting need be counted.
      const key = isEnd ? END : bytes === END ? "0b of a block" : stream === VECTORS ? `${bytes} of a vector` : bytes;
      if (!kinds.has(key)) kinds.set(key, { fixed, stream, numbers, times: 0 });
      const kind = kinds.get(key);
      kind.times++;
      instructions.push(kind);
      multiplies ||= bytes === MADD || bytes === NMADD;
    }
    heads.push(...declared, ...leb(multiplies ? locals : 0), ...leb(vectors));
  }

  const table = [...kinds.values()].sort((a, b) => (a.times === b.times ? 0 : b.times - a.times));
  table.forEach((kind, index) => (kind.index = index));
  if (table.length > 1024)
    throw new Error(`pack-wasm: ${table.length} kinds of instructions, unpack.ts has room for 1024`);
  const streams = [
    others,
    module.subarray(0, code),
    module.subarray(end),
    [...leb(functions), ...heads],
    table.flatMap(({ fixed, stream = 0, numbers }) => [fixed.length, ...fixed, stream | (numbers.length << 2)]),
    instructions.flatMap(({ index }) => leb(index)),
    ...immediates,
  ].map((stream) => Uint8Array.from([...u32(stream.length), ...stream]));
  // Zopfli finds where Huffman codes of their own pay, which is about where a stream ends.
  return zopfli.deflateAsync(Buffer.concat(streams), { blocksplittingmax: 40 });
}
