/** Every way that a file can be wrong, each with its message. Nothing may be allocated for the numbers before. */
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { FormatError } from "../../src/check.js";
import * as safetensors from "../../src/formats/safetensors.js";
import { entry, makeFile } from "./safetensors-file.js";

const FOUR = [1, 2, 3, 4];

/** Runs `act` and returns how many byte arrays of a given length it made: the numbers of a tensor begin as one. */
function countAllocations(act: () => void): number {
  const original = globalThis.Uint8Array;
  let count = 0;
  globalThis.Uint8Array = new Proxy(original, {
    construct(target, args: unknown[]) {
      if (typeof args[0] === "number") count++;
      return Reflect.construct(target, args) as object;
    },
  });
  try {
    act();
  } finally {
    globalThis.Uint8Array = original;
  }
  return count;
}

function expectRejection(file: Uint8Array, message: string | RegExp): void {
  let error: unknown;
  const allocations = countAllocations(() => {
    try {
      safetensors.read(file);
    } catch (thrown) {
      error = thrown;
    }
  });
  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toMatch(message);
  expect((error as FormatError).message).toMatch(/^safetensors\.read: .* Received: .+=.*\.$/s);
  expect(allocations).toBe(0);
}

/** One tensor "w" of four bytes whose header has these fields instead of the right ones. */
function oneTensor(fields: Parameters<typeof entry>[0]): Uint8Array {
  return makeFile(`{"w":${entry(fields)}}`, FOUR);
}

describe("refused before any number is read", () => {
  test("(what a right file allocates is seen)", () => {
    const file = makeFile(`{"w":${entry()}}`, FOUR);
    expect(countAllocations(() => safetensors.read(file))).toBe(1);
  });

  test("1: fewer than 8 bytes", () => {
    for (let n = 0; n < 8; n++) {
      expectRejection(
        Uint8Array.from({ length: n }, () => 1),
        `at least 8 bytes. Received: bytes.length=${n}.`,
      );
    }
  });

  test("2: a header of length 0, or longer than the file", () => {
    expectRejection(
      makeFile("{}", [], 0n),
      "header's length must be in [1, 2], what the file has left. Received: length=0.",
    );
    expectRejection(makeFile("{}", [], 3n), "Received: length=3.");
    expectRejection(makeFile("", []), "must be in [1, 0]");
  });

  test("3: a header beyond the cap, up to 2^64-1", () => {
    expectRejection(makeFile("{}", [], 2n ** 64n - 1n), "Received: length=18446744073709551615.");
    expectRejection(makeFile("{}", [], 2n ** 63n), "Received: length=9223372036854775808.");
    const file = new Uint8Array(25_000_009).fill(0x20);
    file.set(makeFile("{}", [], 25_000_001n));
    expectRejection(file, "the header must have at most 25000000 bytes. Received: length=25000001.");
  });

  test.each<[string, number[]]>([
    ["a lone continuation byte", [0x80]],
    ["a byte that never occurs", [0xff]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["half a surrogate pair", [0xed, 0xa0, 0x80]],
    ["a cut sequence", [0xe2, 0x82]],
  ])("4: invalid UTF-8: %s", (_, bytes) => {
    const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));
    const header = Uint8Array.from([...ascii('{"w'), ...bytes, ...ascii(`":${entry()}}`)]);
    expectRejection(makeFile(header, FOUR), "a key of the header must be valid UTF-8");
    const outside = Uint8Array.from([...ascii("{"), ...bytes, ...ascii("}")]);
    expectRejection(makeFile(outside), `Received: header[1]=${bytes[0]}.`);
  });

  test("4: a byte order mark", () => {
    expectRejection(makeFile("\ufeff{}"), "the header must be {...}. Received: header[0]=239.");
  });

  test.each<[string, string]>([
    ["nothing but space", "   "],
    ["an array", "[]"],
    ["a string", '"w"'],
    ["a number", "1"],
    ["null", "null"],
    ["an open object", "{"],
    ["an open key", '{"w'],
    ["a key without value", '{"w"}'],
    ["a trailing comma", `{"w":${entry()},}`],
    ["a missing comma", `{"w":${entry()} "v":${entry()}}`],
    ["a bare key", `{w:${entry()}}`],
    ["single quotes", `{'w':${entry()}}`],
    ["a comment", `{/**/"w":${entry()}}`],
    ["a raw newline in a string", `{"w\n":${entry()}}`],
    ["an unknown escape", `{"\\w":${entry()}}`],
    ["a short escape", `{"\\u12":${entry()}}`],
    ["an escape without its letter", '{"\\'],
    ["half a surrogate pair in an escape", `{"\\ud83d":${entry()}}`],
    ["an escaped end quote", '{"w\\"'],
    ["a null byte as padding", `{"w":${entry()}}\0`],
    ["trailing garbage", `{"w":${entry()}}x`],
    ["a second value", `{"w":${entry()}}{}`],
  ])("5: no JSON object: %s", (_, header) => {
    expectRejection(makeFile(header, FOUR), "");
  });

  test("6: a tensor name twice", () => {
    const twice = `{"w":${entry()},"w":${entry()}}`;
    expectRejection(makeFile(twice, FOUR), 'the header must not repeat a key. Received: key="w".');
    expectRejection(makeFile(`{"w":${entry()},"\\u0077":${entry()}}`, FOUR), "must not repeat a key");
  });

  test("7: a key twice inside an entry or the metadata", () => {
    expectRejection(oneTensor({ extra: ',"dtype":"U8"' }), 'tensor "w" must not repeat a key. Received: key="dtype".');
    expectRejection(oneTensor({ extra: ',"shape":[4]' }), "must not repeat a key");
    expectRejection(oneTensor({ extra: ',"data_offsets":[0,4]' }), "must not repeat a key");
    expectRejection(makeFile('{"__metadata__":{"a":"1","a":"2"}}'), "__metadata__ must not repeat a key");
    expectRejection(makeFile('{"__metadata__":{},"__metadata__":{}}'), "the header must not repeat a key");
  });

  test.each(["1", "null", "true", "{}", '["a"]', "a"])("9: a metadata value that is no string: %s", (value) => {
    expectRejection(makeFile(`{"__metadata__":{"a":${value}}}`), '__metadata__ "a" must be a string');
  });

  test.each(["1", "null", "[]", '"a"'])("9: metadata that is no object: %s", (value) => {
    expectRejection(makeFile(`{"__metadata__":${value}}`), "__metadata__ must be {...}");
  });

  test("10: a field missing or unknown", () => {
    expectRejection(makeFile('{"w":{"shape":[4],"data_offsets":[0,4]}}', FOUR), "Received: dtype=undefined.");
    expectRejection(makeFile('{"w":{"dtype":"U8","data_offsets":[0,4]}}', FOUR), "Received: shape=undefined.");
    expectRejection(makeFile('{"w":{"dtype":"U8","shape":[4]}}', FOUR), "Received: data_offsets=undefined.");
    expectRejection(makeFile('{"w":{}}'), 'tensor "w" must have dtype, shape and data_offsets');
    expectRejection(oneTensor({ extra: ',"name":"w"' }), 'only dtype, shape and data_offsets. Received: key="name".');
    expectRejection(oneTensor({ extra: ',"__proto__":{}' }), 'Received: key="__proto__".');
    for (const value of ["1", "null", "[]", '"U8"']) {
      expectRejection(makeFile(`{"w":${value}}`), 'tensor "w" must be {...}');
    }
  });

  test.each(['"F8_E4M3"', '"F4"', '"C64"', '"f32"', '"F32 "', '""', '"toString"', '"__proto__"'])(
    "11: an unknown dtype: %s",
    (dtype) => {
      expectRejection(oneTensor({ dtype }), `dtype of "w" must be one of F64, F32, F16, BF16,`);
    },
  );

  test.each(["1", "null", '["U8"]'])("11: a dtype that is no string: %s", (dtype) => {
    expectRejection(oneTensor({ dtype }), 'dtype of "w" must be a string');
  });

  test.each(["-1", "-0", "1.5", "4.0", "1e400", "4e0", '"3"', "null", "true", "04", "+4", "", "[4]", "NaN"])(
    "12: an extent that is no integer from 0: %s",
    (extent) => {
      expectRejection(
        oneTensor({ shape: `[${extent || ","}]` }),
        'each number in shape of "w" must be an integer from 0',
      );
    },
  );

  test("12: an extent that does not end as a number", () => {
    expectRejection(
      oneTensor({ shape: "[0x4]" }),
      'shape of "w" must go on with "," or "]". Received: header[29]="x".',
    );
    expectRejection(oneTensor({ shape: "[4n]" }), 'Received: header[29]="n".');
  });

  test.each(["4", "null", '"[4]"', "{}"])("12: a shape that is no array: %s", (shape) => {
    expectRejection(oneTensor({ shape }), 'shape of "w" must be [...]');
  });

  test.each([
    "[2,18446744073709551614]",
    "[2,9223372036854775807]",
    "[9007199254740992]",
    "[9007199254740991,2]",
    "[4294967296,4294967296]",
    "[9007199254740991,9007199254740991,0]",
  ])("13: a shape with too large a product: %s", (shape) => {
    expectRejection(oneTensor({ shape }), /must be an integer from 0 to 2\^53-1|must take fewer than 2\^53 bytes/);
    // The product of four-byte numbers that wraps to the right byte length in 64 bits.
    expectRejection(oneTensor({ shape: "[4611686018427387905]", dtype: '"F32"' }), "must be an integer from 0");
  });

  test.each<[string, string]>([
    ["[0]", "must be [begin, end]"],
    ["[]", "must be [begin, end]"],
    ["[0,4,8]", "must hold at most 2 numbers"],
    ["[4,0]", "must be [begin, end] with begin <= end. Received: data_offsets=[4, 0]."],
    ["[-4,0]", "must be an integer from 0"],
    ["[0,4.0]", "must be an integer from 0"],
    ["[0,null]", "must be an integer from 0"],
    ["[0,18446744073709551615]", "must be an integer from 0"],
    ['"0,4"', "must be [...]"],
    ["null", "must be [...]"],
  ])("14: offsets that are no range: %s", (offsets, message) => {
    expectRejection(oneTensor({ offsets }), message);
  });

  test("14: offsets past the data", () => {
    expectRejection(oneTensor({ offsets: "[0,5]", shape: "[5]" }), "within the 4 bytes of data. Received: end=5.");
    const far = { offsets: "[0,9007199254740991]", shape: "[9007199254740991]" };
    expectRejection(oneTensor(far), "within the 4 bytes of data. Received: end=9007199254740991.");
  });

  test("15: offsets that are not the size of the shape", () => {
    expectRejection(oneTensor({ shape: "[3]" }), 'shape and dtype of "w" must take 4 bytes, as data_offsets say');
    expectRejection(oneTensor({ dtype: '"F32"' }), "must take 4 bytes");
    expectRejection(oneTensor({ shape: "[]" }), "must take 4 bytes");
    expectRejection(oneTensor({ shape: "[4,0]" }), "must take 4 bytes");
  });

  const two = (first: string, second: string) =>
    makeFile(`{"v":${entry({ offsets: first, shape: "[2]" })},"w":${entry({ offsets: second, shape: "[2]" })}}`, FOUR);

  test("16: overlap", () => {
    expectRejection(two("[0,2]", "[1,3]"), 'tensor "w" must not overlap another, which ends at 2. Received: begin=1.');
    expectRejection(two("[0,2]", "[0,2]"), "must not overlap");
    expectRejection(two("[2,4]", "[1,3]"), "must begin at 0");
  });

  test("17: a hole", () => {
    const file = makeFile(
      `{"v":${entry({ offsets: "[0,1]", shape: "[1]" })},"w":${entry({ offsets: "[2,4]", shape: "[2]" })}}`,
      FOUR,
    );
    expectRejection(file, 'tensor "w" must leave no hole: it must begin at 1. Received: begin=2.');
  });

  test("17: an empty tensor away from the others", () => {
    const empty = entry({ offsets: "[9,9]", shape: "[0]" });
    expectRejection(makeFile(`{"w":${entry()},"e":${empty}}`, FOUR), "must end within the 4 bytes");
    const inside = entry({ offsets: "[2,2]", shape: "[0]" });
    expectRejection(makeFile(`{"w":${entry()},"e":${inside}}`, FOUR), "must not overlap");
  });

  test("18: a first tensor that does not begin at 0", () => {
    expectRejection(oneTensor({ offsets: "[1,4]", shape: "[3]" }), "it must begin at 0. Received: begin=1.");
  });

  test("19: data cut short", () => {
    expectRejection(makeFile(`{"w":${entry()}}`, [1, 2]), "within the 2 bytes of data. Received: end=4.");
    expectRejection(makeFile(`{"w":${entry()}}`, []), "within the 0 bytes of data");
  });

  test("20: bytes after the last tensor", () => {
    expectRejection(makeFile(`{"w":${entry()}}`, [...FOUR, 0]), "no byte may follow the last tensor, which ends at 4");
    expectRejection(makeFile("{}", [0]), "no byte may follow the last tensor, which ends at 0");
  });

  test("21: more than 100,000 tensors", () => {
    const empty = entry({ shape: "[0]", offsets: "[0,0]" });
    const header = (count: number) => `{${Array.from({ length: count }, (_, i) => `"${i}":${empty}`).join(",")}}`;
    expectRejection(makeFile(header(100_001)), "at most 100000 tensors");
  });

  test("21: nesting", () => {
    expectRejection(oneTensor({ shape: "[[4]]" }), "must be an integer from 0");
    expectRejection(oneTensor({ extra: ',"more":{"deep":[[]]}' }), "must have only dtype, shape and data_offsets");
    for (const open of ['{"w":', "[", '{"__metadata__":', '{"w":{"shape":']) {
      expectRejection(makeFile(open.repeat(100_000)), "");
    }
  });

  test("21: a name of more than 1 KiB", () => {
    const file = (name: string) => makeFile(`{"${name}":${entry()}}`, FOUR);
    expectRejection(file("n".repeat(1025)), "a key of the header must have at most 1024 bytes");
    expectRejection(file("é".repeat(513)), "at most 1024 bytes");
    expectRejection(makeFile(`{"__metadata__":{"${"n".repeat(1025)}":""}}`), "at most 1024 bytes");
    expectRejection(oneTensor({ dtype: `"${"n".repeat(1025)}"` }), "at most 1024 bytes");
  });

  test("21: a rank above 8", () => {
    expectRejection(oneTensor({ shape: "[4,1,1,1,1,1,1,1,1]" }), 'shape of "w" must hold at most 8 numbers');
  });

  test("26: zip archives and compressed files", () => {
    const zip = Uint8Array.from([...[..."PK\x03\x04"].map((c) => c.charCodeAt(0)), ...makeFile("{}")]);
    expectRejection(zip, "the header's length must be in");
    expectRejection(gzipSync(makeFile({}, [])), "the header's length must be in");
  });
});

describe("23: numbers that are not finite", () => {
  const bad = safetensors.write({
    ok: { shape: [1], data: Float32Array.of(1) },
    w: { shape: [3], data: Float32Array.of(1, 2, NaN) },
  });

  test("are told on the console by default", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(safetensors.read(bad).tensors.get("w")!.data).toEqual(Float32Array.of(1, 2, NaN));
    expect(warn.mock.calls).toEqual([['safetensors.read: tensor "w" must hold finite numbers. Received: index=2.']]);
    warn.mockClear();
    safetensors.read(bad, { nonFinite: "allow" });
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test.each<[safetensors.Dtype, safetensors.DtypeArray]>([
    ["F64", Float64Array.of(0, -Infinity)],
    ["F32", Float32Array.of(1e38, Infinity)],
    ["F16", Uint16Array.of(0x7bff, 0xfc00)],
    ["F16", Uint16Array.of(0xfbff, 0x7e01)],
    ["BF16", Uint16Array.of(0xff7f, 0x7f80)],
    ["BF16", Uint16Array.of(0x7c00, 0xffc0)],
  ])("are refused if asked: %s", (dtype, data) => {
    const file = (length: number) => safetensors.write({ w: { dtype, shape: [length], data: data.slice(0, length) } });
    expect(() => safetensors.read(file(2), { nonFinite: "refuse" })).toThrow(
      "must hold finite numbers. Received: index=1.",
    );
    expect(safetensors.read(file(1), { nonFinite: "refuse" }).tensors.get("w")!.data).toEqual(data.slice(0, 1));
  });
});

describe("8: keys that name parts of objects", () => {
  test("are names like others", () => {
    const names = ["__proto__", "constructor", "prototype", "toString"];
    const text = names.map((name, i) => `"${name}":${entry({ shape: "[1]", offsets: `[${i},${i + 1}]` })}`).join(",");
    const metadata = `"__metadata__":{${names.map((name) => `"${name}":"polluted"`).join(",")}}`;
    const { tensors, metadata: read } = safetensors.read(makeFile(`{${text},${metadata}}`, FOUR));
    expect([...tensors.keys()]).toEqual(names);
    expect(tensors.get("__proto__")!.data).toEqual(Uint8Array.of(1));
    expect([...read]).toEqual(names.map((name) => [name, "polluted"]));
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.getPrototypeOf(tensors)).toBe(Map.prototype);
    const again = safetensors.read(safetensors.write(tensors, read));
    expect([...again.tensors.keys()].sort()).toEqual([...names].sort());
  });
});

describe("arguments of the wrong kind", () => {
  test.each([undefined, null, "file", [1, 2], new Float32Array(4), { length: 8 }])("are TypeErrors: %s", (bytes) => {
    expect(() => safetensors.read(bytes as unknown as Uint8Array)).toThrow(TypeError);
  });

  test("as options", () => {
    const file = makeFile("{}");
    expect(() => safetensors.read(file, { nonfinite: "warn" } as object)).toThrow('Did you mean "nonFinite"?');
    expect(() => safetensors.read(file, { nonFinite: "skip" as "warn" })).toThrow(RangeError);
  });
});
