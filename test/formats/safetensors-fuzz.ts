/** Structure-aware fuzzing: files that are almost right, since random bytes never come past the header's length. */
import { FormatError } from "../../src/check.js";
import * as safetensors from "../../src/formats/safetensors.js";
import { seeded } from "../guarded.js";
import { makeFile } from "./safetensors-file.js";

/** Uniform integers in [0, n). */
type Random = (n: number) => number;

const SIZES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  U16: 2,
  U32: 4,
  U64: 8,
  BOOL: 1,
};
const DTYPES = Object.keys(SIZES) as (keyof typeof SIZES)[];
const NAMES = ["w", "dense/kernel", "", "__proto__", "constructor", "é🙂", '\\"', "\\u0077", "0", "__metadata_"];
const LONGEST_NAME = "n".repeat(1024);
const NUMBERS = [
  "0",
  "1",
  "2",
  "3",
  "4",
  "7",
  "8",
  "-1",
  "-0",
  "1.5",
  "1e400",
  "1e2",
  '"3"',
  "null",
  "true",
  "[]",
  "{}",
  "04",
  "4294967296",
  "9007199254740991",
  "9007199254740992",
  "9223372036854775807",
  "18446744073709551614",
  "18446744073709551616",
];
const WORDS = [
  ",",
  ":",
  "{",
  "}",
  "[",
  "]",
  '"',
  "\\",
  "\\u",
  "\\ud800",
  " ",
  "\n",
  "\0",
  "\ufeff",
  "null",
  "é",
  '"a":1,',
  '"shape":[1],',
  '"__metadata__":{"a":"b"},',
  '"dtype":"F32",',
  "[[[[",
  '{"w":',
  '"data_offsets":[0,0],',
];

const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)]!;

/** A right file of up to four tensors, as header text and data. */
function makeValid(random: Random): { header: string; data: Uint8Array } {
  let end = 0;
  const fields: string[] = [];
  const names = new Set<string>();
  if (random(3) === 0) fields.push(`"__metadata__":{${random(2) === 0 ? "" : '"format":"pt","é":"\\n"'}}`);
  for (let count = random(5); count > 0; count--) {
    const name = random(99) === 0 ? LONGEST_NAME : pick(random, NAMES);
    if (names.has(JSON.parse(`"${name}"`) as string)) continue;
    names.add(JSON.parse(`"${name}"`) as string);
    const dtype = pick(random, DTYPES);
    const shape = Array.from({ length: random(4) }, () => random(5));
    const begin = end;
    end += shape.reduce((product, extent) => product * extent, SIZES[dtype]);
    const parts = [`"dtype":"${dtype}"`, `"shape":[${shape.join(",")}]`, `"data_offsets":[${begin},${end}]`];
    const turn = random(3);
    fields.push(`"${name}":{${[...parts.slice(turn), ...parts.slice(0, turn)].join(random(4) === 0 ? " , " : ",")}}`);
  }
  if (random(2) === 0) fields.reverse();
  const padding = " ".repeat(random(9));
  return { header: `{${fields.join(",")}}${padding}`, data: Uint8Array.from({ length: end }, () => random(256)) };
}

/** Changes of the header's text. */
const headerMutations: readonly ((random: Random, header: string) => string)[] = [
  (random, header) => replaceOne(random, header, /-?\d+/g, () => pick(random, NUMBERS)),
  (random, header) =>
    replaceOne(random, header, /"(?:F|BF|I|U)\d+"|"BOOL"/g, () => `"${pick(random, [...DTYPES, "F8", "f32", ""])}"`),
  (random, header) =>
    replaceOne(random, header, /"[^"]*":/g, () =>
      pick(random, ['"w":', '"shape":', '"dtype":', '"__metadata__":', '"x":', ""]),
    ),
  (random, header) => replaceOne(random, header, /"[^"]*":\{[^}]*\}/g, (field) => `${field},${field}`),
  (random, header) =>
    replaceOne(random, header, /\[\d+,\d+\](?=[ ,}]+")/g, (range) => {
      const by = random(9) - 2;
      return range.replace(/\d+/g, (offset) => `${Math.max(Number(offset) + by, 0)}`);
    }),
  (random, header) =>
    replaceOne(random, header, /\[[^\]]*\]/g, () =>
      pick(random, ["[0]", "[]", "[0,4,8]", "[4,0]", "[1,1,1,1,1,1,1,1,1]", "null"]),
    ),
  (random, header) => {
    const at = random(header.length + 1);
    return header.slice(0, at) + pick(random, WORDS) + header.slice(at + random(4));
  },
  (random, header) => {
    const [a, b] = [random(header.length + 1), random(header.length + 1)];
    return header.slice(0, Math.max(a, b)) + header.slice(Math.min(a, b));
  },
];

function replaceOne(random: Random, text: string, pattern: RegExp, replacement: (match: string) => string): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) return text;
  const { 0: match, index } = pick(random, matches);
  return text.slice(0, index) + replacement(match) + text.slice(index + match.length);
}

/** Changes of the whole file's bytes. */
const fileMutations: readonly ((random: Random, file: Uint8Array) => Uint8Array)[] = [
  (random, file) => file.slice(0, random(file.length + 1)),
  (random, file) => Uint8Array.from([...file, ...Array.from({ length: 1 + random(9) }, () => random(256))]),
  (random, file) => {
    for (let flips = 1 + random(3); flips > 0; flips--) file[random(file.length)]! ^= 1 << random(8);
    return file;
  },
  (random, file) => {
    file[random(8)] = pick(random, [0, 1, 127, 128, 255, random(256)]);
    return file;
  },
];

function makeInput(random: Random): { file: Uint8Array; isValid: boolean } {
  const { header, data } = makeValid(random);
  const kind = random(10);
  if (kind === 0) return { file: makeFile(header, data), isValid: true };
  let text = header;
  if (kind < 8) for (let n = 1 + random(2); n > 0; n--) text = pick(random, headerMutations)(random, text);
  const file = makeFile(text, data);
  return { file: kind < 7 ? file : pick(random, fileMutations)(random, file), isValid: false };
}

export interface FuzzReport {
  accepted: number;
  /** How often each rejection occurred, by its message without names and numbers. */
  rejections: Map<string, number>;
  /** Processor time of the slowest input. */
  slowestMs: number;
}

/** Reads `count` inputs. Throws, with the input, on any outcome but a consistent result or a FormatError. */
export function fuzz(count: number, seed: number): FuzzReport {
  const uniform = seeded(seed);
  const random: Random = (n) => Math.floor(uniform() * n);
  const report: FuzzReport = { accepted: 0, rejections: new Map(), slowestMs: 0 };
  for (let i = 0; i < count; i++) {
    const { file, isValid } = makeInput(random);
    const before = process.cpuUsage().user;
    let fault: unknown;
    try {
      checkResult(file, safetensors.read(file, { nonFinite: "allow" }), i % 8 === 0);
      report.accepted++;
    } catch (error) {
      fault = error;
    }
    report.slowestMs = Math.max(report.slowestMs, (process.cpuUsage().user - before) / 1000);
    if (fault === undefined) continue;
    if (isValid || !(fault instanceof FormatError)) {
      throw new Error(`input ${i} of seed ${seed}, base64 ${btoa(String.fromCharCode(...file))}`, { cause: fault });
    }
    const kind = fault.message.replace(/ Received: .*/s, "").replace(/"(?:[^"\\]|\\.)*"|\d+/g, "_");
    report.rejections.set(kind, (report.rejections.get(kind) ?? 0) + 1);
  }
  return report;
}

/** The numbers of a file are exactly its data, and it survives being written. */
function checkResult(file: Uint8Array, { tensors, metadata }: safetensors.SafetensorsFile, writeAgain: boolean): void {
  const headerLength = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  let total = 0;
  for (const { shape, data, dtype } of tensors.values()) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (data.length !== size || data.buffer.byteLength !== size * SIZES[dtype]) throw new Error("sizes differ");
    total += data.byteLength;
  }
  if (total !== file.length - 8 - headerLength) throw new Error("the tensors do not cover the data");
  if (!writeAgain) return;
  const first = safetensors.write(tensors, metadata);
  const again = safetensors.read(first, { nonFinite: "allow" });
  const second = safetensors.write(again.tensors, again.metadata);
  if (first.length !== second.length || first.some((byte, i) => byte !== second[i])) throw new Error("bytes differ");
}
