import type { FormatError } from "../check.js";
import { formatError } from "./format-error.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads JSON (RFC 8259) from bytes, driven by a caller that knows what must come next. So nothing is built that the
 * caller did not ask for, nothing recurses, and what JSON.parse hides is refused: duplicate keys, numbers that are no
 * exact integers, invalid UTF-8, lone surrogates. Every fault is a FormatError that gives its byte.
 */
export class JsonScanner {
  readonly #bytes: Uint8Array;
  readonly #where: string;
  #position = 0;

  /** `where` begins the error messages. */
  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  /** An object: calls onKey for each key, with the scanner before its value. Throws on a key that came before. */
  object(what: string, maximumKeyBytes: number, onKey: (key: string) => void): void {
    const keys = new Set<string>();
    this.#list(what, "{", "}", () => {
      const key = this.string(`a key of ${what}`, maximumKeyBytes);
      if (keys.has(key)) throw formatError(this.#where, `${what} must not repeat a key`, "key", key);
      keys.add(key);
      this.#skipWhitespace();
      if (this.#peek() !== COLON) throw this.#error(`${what} must have ":" after a key`);
      this.#position++;
      onKey(key);
    });
  }

  /** An array of at most `maximum` items: calls onItem with the scanner before each. */
  array(what: string, maximum: number, onItem: () => void): void {
    let count = 0;
    this.#list(what, "[", "]", () => {
      if (++count > maximum) throw this.#error(`${what} must hold at most ${maximum} numbers`);
      onItem();
    });
  }

  /** A string whose text, as it is written, has at most maximumBytes bytes. */
  string(what: string, maximumBytes = Infinity): string {
    this.#skipWhitespace();
    if (this.#peek() !== QUOTE) throw this.#error(`${what} must be a string`);
    const start = ++this.#position;
    for (;;) {
      const byte = this.#peek();
      if (byte === undefined) throw this.#error(`${what} must end with a quote`);
      if (byte < 0x20) throw this.#error(`${what} must have its control characters escaped`);
      if (byte === QUOTE) break;
      this.#position += byte === BACKSLASH ? 2 : 1;
      if (this.#position - start > maximumBytes) throw this.#error(`${what} must have at most ${maximumBytes} bytes`);
    }
    return this.#textOf(what, start, this.#position++);
  }

  /** A number written as digits only, without a leading zero, that a double holds exactly. */
  unsigned(what: string): number {
    this.#skipWhitespace();
    const start = this.#position;
    let value = 0;
    for (;;) {
      const byte = this.#peek();
      if (byte === undefined || byte < DIGIT_0 || byte > DIGIT_9) break;
      value = value * 10 + (byte - DIGIT_0);
      this.#position++;
    }
    const isFraction = ".eE".includes(String.fromCharCode(this.#peek() ?? 0x20));
    const isNumber = this.#position > start && (this.#bytes[start] !== DIGIT_0 || this.#position === start + 1);
    if (!isNumber || isFraction || !Number.isSafeInteger(value)) {
      this.#position = start;
      throw this.#error(`${what} must be an integer from 0 to 2^53-1, in plain digits`);
    }
    return value;
  }

  /** The end of the bytes, with nothing but white space before it. */
  end(what: string): void {
    this.#skipWhitespace();
    if (this.#peek() !== undefined) throw this.#error(`nothing but white space may follow ${what}`);
  }

  #list(what: string, open: string, close: string, onItem: () => void): void {
    this.#skipWhitespace();
    if (this.#peek() !== open.charCodeAt(0)) throw this.#error(`${what} must be ${open}...${close}`);
    this.#position++;
    this.#skipWhitespace();
    if (this.#peek() === close.charCodeAt(0)) {
      this.#position++;
      return;
    }
    for (;;) {
      onItem();
      this.#skipWhitespace();
      const byte = this.#peek();
      if (byte !== COMMA && byte !== close.charCodeAt(0))
        throw this.#error(`${what} must go on with "," or "${close}"`);
      this.#position++;
      if (byte !== COMMA) return;
    }
  }

  /** The text that the bytes between two quotes stand for. */
  #textOf(what: string, start: number, end: number): string {
    let text: string;
    try {
      text = utf8.decode(this.#bytes.subarray(start, end));
    } catch {
      this.#position = start;
      throw this.#error(`${what} must be valid UTF-8`);
    }
    if (!text.includes("\\")) return text;
    try {
      text = JSON.parse(`"${text}"`) as string;
    } catch {
      throw formatError(this.#where, `${what} must have valid JSON escapes`, "text", text);
    }
    // Escapes can write half of a surrogate pair, which no UTF-8 text holds.
    if (!/\p{Surrogate}/u.test(text)) return text;
    throw formatError(this.#where, `${what} must have surrogates in pairs`, "text", text);
  }

  #peek(): number | undefined {
    return this.#bytes[this.#position];
  }

  #skipWhitespace(): void {
    for (;;) {
      const byte = this.#peek();
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#position++;
    }
  }

  #error(expected: string): FormatError {
    const byte = this.#peek();
    const isPrintable = byte !== undefined && byte >= 0x20 && byte < 0x7f;
    const found = byte === undefined ? undefined : isPrintable ? String.fromCharCode(byte) : byte;
    return formatError(this.#where, expected, `header[${this.#position}]`, found);
  }
}
