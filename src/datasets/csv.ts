import { checkBoolean, checkKeys, FormatError, nearest, rangeError, show, typeError } from "../check.js";
import { Tensor } from "../tensor.js";

/** What csv() accepts. */
export interface CsvOptions {
  /** Whether the first record holds the names of the columns; else they are "0", "1", ... Default true. */
  header?: boolean;
  /** The character between fields. Default ",". */
  delimiter?: string;
  /** Fields that stand for a missing number, after trimming; they become NaN. Default "", "NA", "NaN", "nan", "null". */
  missing?: readonly string[];
}

/** The numbers of a CSV file. */
export interface Table {
  /** `[records, columns]`. */
  readonly values: Tensor;
  /** The names of the columns, in the order of the file. */
  readonly names: readonly string[];
  /** For each column of words: its words, sorted by code unit. In `values` such a word is its index in this list. */
  readonly categories: ReadonlyMap<string, readonly string[]>;
  /** The named columns, in that order, as `[records, names.length]`. */
  select(...names: string[]): Tensor;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const DEFAULT_MISSING = ["", "NA", "NaN", "nan", "null"];

/** Splits text into records of fields: RFC 4180, with LF or CR LF, quotes doubled inside quotes. */
function split(text: string, delimiter: string): { fields: string[]; line: number }[] {
  const records: { fields: string[]; line: number }[] = [];
  let fields: string[] = [];
  let field = "";
  let quoted = false; // inside quotes
  let closed = false; // just after the quote that closes a field
  let line = 1;
  let startLine = 1;
  const endField = (): void => {
    fields.push(field);
    field = "";
    closed = false;
  };
  const endRecord = (): void => {
    const blank = fields.length === 0 && field === "" && !closed;
    endField();
    if (!blank) records.push({ fields, line: startLine });
    fields = [];
    startLine = line + 1;
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quoted) {
      if (character === '"' && text[i + 1] === '"') {
        field += text[++i]!;
      } else if (character === '"') {
        quoted = false;
        closed = true;
      } else {
        if (character === "\n") line++;
        field += character;
      }
    } else if (character === delimiter) {
      endField();
    } else if (character === "\n" || (character === "\r" && text[i + 1] === "\n")) {
      if (character === "\r") i++;
      endRecord();
      line++;
    } else if (closed) {
      throw new FormatError(`csv: a closing quote must end the field. Received: ${show(character)} on line ${line}.`);
    } else if (character === '"' && field === "") {
      quoted = true;
    } else if (character === '"') {
      throw new FormatError(`csv: a quote must open the field or be doubled in a quoted one. Received: line ${line}.`);
    } else {
      field += character;
    }
  }
  if (quoted) throw new FormatError(`csv: a quoted field must be closed. Received: one open since line ${startLine}.`);
  if (fields.length > 0 || field !== "" || closed) endRecord();
  return records;
}

function decode(source: Uint8Array | string): string {
  if (typeof source === "string") return source.startsWith("\ufeff") ? source.slice(1) : source;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(source);
  } catch (error) {
    throw new FormatError("csv: the bytes must be UTF-8.", { cause: error });
  }
}

/**
 * Reads comma-separated values (RFC 4180) from UTF-8 bytes or text into floats `[records, columns]`. A column
 * in which every present field is a number is numeric, with missing fields NaN; any other is one of categories, and
 * holds the index of each word in the column's sorted list of words. Numbers are rounded to f32: integers are exact up
 * to 2^24. Blank lines are skipped. Throws FormatError, with the line, for records of different lengths, stray or open
 * quotes, names given twice, and bytes that are not UTF-8.
 */
export function csv(source: Uint8Array | string, options: CsvOptions = {}): Table {
  checkKeys("csv", options, ["header", "delimiter", "missing"]);
  const { header = true, delimiter = ",", missing = DEFAULT_MISSING } = options;
  checkBoolean("csv", "header", header);
  if (typeof source !== "string" && !(source instanceof Uint8Array)) {
    throw typeError("csv", "source must be a Uint8Array or a string", "source", source);
  }
  if (typeof delimiter !== "string" || delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
    throw rangeError("csv", "delimiter must be one character, no quote and no line end", "delimiter", delimiter);
  }
  const records = split(decode(source), delimiter);
  if (records.length === 0) throw new FormatError("csv: there must be at least one record. Received: none.");
  const width = records[0]!.fields.length;
  for (const { fields, line } of records) {
    if (fields.length === width) continue;
    throw new FormatError(
      `csv: every record must have ${width} fields, as the first. Received: ${fields.length} on line ${line}.`,
    );
  }
  const names = header ? records.shift()!.fields.map((name) => name.trim()) : records[0]!.fields.map((_, i) => `${i}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new FormatError(`csv: names must differ. Received: ${show(twice)} twice.`);

  const absent = new Set(missing);
  const data = new Float32Array(records.length * width);
  const categories = new Map<string, readonly string[]>();
  for (let column = 0; column < width; column++) {
    const words = records.map(({ fields }) => fields[column]!.trim());
    if (words.every((word) => absent.has(word) || NUMBER.test(word))) {
      words.forEach((word, row) => (data[row * width + column] = absent.has(word) ? NaN : Number(word)));
    } else {
      const distinct = [...new Set(words)].sort((a, b) => (a < b ? -1 : 1));
      const index = new Map(distinct.map((word, i) => [word, i]));
      words.forEach((word, row) => (data[row * width + column] = index.get(word)!));
      categories.set(names[column]!, distinct);
    }
  }
  return {
    names,
    values: new Tensor(data, [records.length, width]),
    categories,
    select(...wanted) {
      const columns = wanted.map((name) => columnOf(names, name));
      const selected = new Float32Array(records.length * columns.length);
      for (let row = 0, to = 0; row < records.length; row++) {
        for (const column of columns) selected[to++] = data[row * width + column]!;
      }
      return new Tensor(selected, [records.length, columns.length]);
    },
  };
}

function columnOf(names: readonly string[], name: string): number {
  const column = names.indexOf(name);
  if (column >= 0) return column;
  const near = nearest(name, names);
  const hint = near === undefined ? "" : ` Did you mean ${show(near)}?`;
  throw new RangeError(`csv: unknown column ${show(name)}. Known: ${names.join(", ")}.${hint}`);
}
