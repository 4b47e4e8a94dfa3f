/**
 * Decompression of raw deflate data, RFC 1951: at once and in every runtime, where the platforms' own is asynchronous
 * or missing. The data are known to be whole.
 */

/** Extra bits of the copy lengths (symbols 257 to 285) and of the distances (symbols 0 to 29). */
const LENGTH_BITS = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const DISTANCE_BITS = memory.data<u8>([
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]);
/** The order in which the lengths of the words for lengths are written. */
const ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

const LONGEST: i32 = 15;
/** A canonical Huffman code: how many words have each length (u16), then the symbols in the order of their words. */
const SYMBOLS: usize = 32;
const LITERALS = memory.data(32 + 2 * 288);
const DISTANCES = memory.data(32 + 2 * 32);
/** Length of the word of each symbol (u8). */
const WORD_LENGTHS = memory.data(288 + 32);

/** The next bit to read, counted from address 0. */
let position: usize = 0;

@inline
function bitAt(at: usize): i32 {
  return i32(load<u8>(at >> 3)) >> (<i32>at & 7) & 1;
}

/** A number of so many bits, the lowest first. */
function take(count: i32): i32 {
  let value = 0;
  for (let i = 0; i < count; i++) value |= bitAt(position++) << i;
  return value;
}

/** Makes a code from the lengths of the words of its symbols. */
function makeCode(code: usize, lengths: usize, count: i32): void {
  let next = code + SYMBOLS;
  for (let length = 0; length <= LONGEST; length++) {
    const first = next;
    for (let symbol = 0; symbol < count; symbol++) {
      if (length == 0 || load<u8>(lengths + symbol) != length) continue;
      store<u16>(next, <u16>symbol);
      next += 2;
    }
    store<u16>(code + (length << 1), <u16>(next - first >> 1));
  }
}

/** Reads a word: those of one length are consecutive numbers, above the doubled ones of the shorter words. */
function takeSymbol(code: usize): i32 {
  let symbols = code + SYMBOLS;
  let word = 0;
  let count = 0;
  let at = position;
  do {
    word = word - count << 1 | bitAt(at++);
    symbols += count << 1;
    code += 2;
    count = load<u16>(code);
  } while (word >= count);
  position = at;
  return load<u16>(symbols + (word << 1));
}

/** Reads the lengths of the words of both codes, which are themselves coded, and makes the codes. */
function takeCodes(): void {
  const literals = take(5) + 257;
  const all = literals + take(5) + 1;
  const ordered = take(4) + 4;
  memory.fill(WORD_LENGTHS, 0, 19);
  for (let i = 0; i < ordered; i++) store<u8>(WORD_LENGTHS + load<u8>(ORDER + i), <u8>take(3));
  makeCode(LITERALS, WORD_LENGTHS, 19);
  for (let i = 0; i < all;) {
    const symbol = takeSymbol(LITERALS);
    let length = symbol;
    let times = 1;
    if (symbol == 16) {
      length = load<u8>(WORD_LENGTHS + i - 1);
      times = 3 + take(2);
    } else if (symbol > 16) {
      length = 0;
      times = symbol == 17 ? 3 + take(3) : 11 + take(7);
    }
    for (; times > 0; times--) store<u8>(WORD_LENGTHS + i++, <u8>length);
  }
  makeCode(LITERALS, WORD_LENGTHS, literals);
  makeCode(DISTANCES, WORD_LENGTHS + literals, all - literals);
}

/** The codes of blocks that do not bring their own. */
function fixedCodes(): void {
  memory.fill(WORD_LENGTHS, 8, 288);
  memory.fill(WORD_LENGTHS + 144, 9, 112);
  memory.fill(WORD_LENGTHS + 256, 7, 24);
  makeCode(LITERALS, WORD_LENGTHS, 288);
  memory.fill(WORD_LENGTHS, 5, 30);
  makeCode(DISTANCES, WORD_LENGTHS, 30);
}

/** The value of a symbol: those before it stand for 2^bits values each, from `first` on. */
function takeValue(bits: usize, symbol: i32, first: i32): i32 {
  for (let i = 0; i < symbol; i++) first += 1 << load<u8>(bits + i);
  return first + take(load<u8>(bits + symbol));
}

/** Decompresses what begins at `from` to `to`, and returns the end of what it has written. */
export function inflate(from: usize, to: usize): usize {
  position = from << 3;
  let last = 0;
  while (!last) {
    last = take(1);
    const type = take(2);
    if (type == 0) {
      const source = position + 7 >> 3;
      const length = <usize>load<u16>(source);
      memory.copy(to, source + 4, length);
      position = source + 4 + length << 3;
      to += length;
      continue;
    }
    if (type == 1) fixedCodes();
    else takeCodes();
    for (let symbol = takeSymbol(LITERALS); symbol != 256; symbol = takeSymbol(LITERALS)) {
      if (symbol < 256) {
        store<u8>(to++, <u8>symbol);
        continue;
      }
      const length = symbol == 285 ? 258 : takeValue(LENGTH_BITS, symbol - 257, 3);
      const distance = takeValue(DISTANCE_BITS, takeSymbol(DISTANCES), 1);
      for (const end = to + length; to < end; to++) store<u8>(to, load<u8>(to - distance));
    }
  }
  return to;
}
