import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as safetensors from "../../src/formats/safetensors.js";
import { tensor } from "../../src/tensor.js";
import { entry, makeFile } from "./safetensors-file.js";

const golden = JSON.parse(readFileSync(new URL("../golden/safetensors-files.json", import.meta.url), "utf8")) as {
  file: string;
  metadata: Record<string, string>;
  tensors: Record<string, { shape: number[]; values: string[] }>;
};

/** Each dtype with two numbers that tell it from the others. */
const samples: Record<safetensors.Dtype, safetensors.DtypeArray> = {
  F64: Float64Array.of(Math.PI, -0),
  F32: Float32Array.of(0.1, -0),
  F16: Uint16Array.of(0x3c00, 0x8000),
  BF16: Uint16Array.of(0x3f80, 0x8000),
  I64: BigInt64Array.of(-(2n ** 63n), 1n),
  I32: Int32Array.of(-(2 ** 31), 1),
  I16: Int16Array.of(-32768, 1),
  I8: Int8Array.of(-128, 1),
  U8: Uint8Array.of(255, 1),
  U16: Uint16Array.of(65535, 1),
  U32: Uint32Array.of(2 ** 32 - 1, 1),
  U64: BigUint64Array.of(2n ** 64n - 1n, 1n),
  BOOL: Uint8Array.of(0, 1),
};

const rows = Object.entries(samples).map(([dtype, data]) => ({ dtype: dtype as safetensors.Dtype, data }));

function headerOf(file: Uint8Array): string {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  return new TextDecoder().decode(file.subarray(8, 8 + length));
}

describe("a file of the reference implementation", () => {
  const bytes = Uint8Array.from(atob(golden.file), (character) => character.charCodeAt(0));
  const { tensors, metadata } = safetensors.read(bytes, { nonFinite: "allow" });

  test("has its metadata", () => {
    expect(Object.fromEntries(metadata)).toEqual(golden.metadata);
  });

  test("has its tensors and no others", () => {
    expect([...tensors.keys()].sort()).toEqual(Object.keys(golden.tensors).sort());
  });

  test.each(Object.entries(golden.tensors))("has %s", (name, { shape, values }) => {
    const stored = tensors.get(name)!;
    expect(stored.shape).toEqual(shape);
    const isHalf = stored.dtype === "F16" || stored.dtype === "BF16";
    const parse = stored.dtype.endsWith("64") && stored.dtype !== "F64" ? BigInt : Number;
    const expected = values.map((text) => parse(text.replace("inf", "Infinity")));
    expect([...(isHalf ? safetensors.toFloat32(stored) : stored.data)]).toEqual(expected);
  });

  test("is written again with the same tensors and metadata", () => {
    const again = safetensors.read(safetensors.write(tensors, metadata), { nonFinite: "allow" });
    expect(new Map([...again.tensors].sort())).toEqual(new Map([...tensors].sort()));
    expect(new Map([...again.metadata].sort())).toEqual(new Map([...metadata].sort()));
  });
});

describe("reading", () => {
  test.each(rows)("$dtype comes back as it was written", ({ dtype, data }) => {
    const { tensors, metadata } = safetensors.read(safetensors.write({ w: { dtype, shape: [2, 1], data } }));
    expect([...tensors]).toEqual([["w", { dtype, shape: [2, 1], data }]]);
    expect(metadata.size).toBe(0);
    if (dtype !== "F16" && dtype !== "BF16" && dtype !== "BOOL") {
      const plain = safetensors.read(safetensors.write({ w: { shape: [2], data } }));
      expect(plain.tensors.get("w")!.dtype).toBe(dtype);
    }
  });

  test("copies: neither the file's bytes nor another tensor share memory with a tensor", () => {
    const file = safetensors.write({ v: { shape: [2], data: samples.F32 }, w: { shape: [2], data: samples.F32 } });
    const { tensors } = safetensors.read(file);
    const v = tensors.get("v")!.data;
    expect(v.byteLength).toBe(v.buffer.byteLength);
    file.fill(0);
    expect(v).toEqual(samples.F32);
    // In Node a Buffer is a Uint8Array too, but its slice() shares memory.
    const buffer = Buffer.from(safetensors.write({ w: { shape: [2], data: samples.F32 } }));
    const fromBuffer = safetensors.read(buffer).tensors.get("w")!.data;
    buffer.fill(0);
    expect(fromBuffer).toEqual(samples.F32);
  });

  test("22: data may start at any byte", () => {
    const values = Float64Array.of(1.5, -2.25);
    for (let padding = 0; padding < 9; padding++) {
      const w = entry({ dtype: '"F64"', shape: "[2]", offsets: "[0,16]" });
      const file = makeFile(`{"w":${w}}${" ".repeat(padding)}`, new Uint8Array(values.buffer));
      for (let shift = 0; shift < 9; shift++) {
        const moved = new Uint8Array(file.length + shift + 3).subarray(shift, shift + file.length);
        moved.set(file);
        expect(safetensors.read(moved).tensors.get("w")!.data).toEqual(values);
      }
    }
  });

  test("takes an ArrayBuffer", () => {
    const file = safetensors.write({ w: { shape: [2], data: samples.F32 } });
    expect(safetensors.read(file.buffer).tensors.get("w")!.data).toEqual(samples.F32);
  });

  test("takes what the reference reader takes", () => {
    const file = (header: string, data = [1, 2, 3, 4]) => safetensors.read(makeFile(header, data)).tensors;
    expect(file("{}", []).size).toBe(0);
    expect(file(` \n\t\r{ "w" : ${entry()} } \n`).get("w")!.data).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(file(`{"w":{"data_offsets":[ 0 , 4 ],"shape":[ 2, 2 ],"dtype":"U8"}}`).get("w")!.shape).toEqual([2, 2]);
    expect(file(`{"":${entry()}}`).has("")).toBe(true);
    expect(file(`{"${"n".repeat(1024)}":${entry()}}`).size).toBe(1);
    expect(file(`{"w":${entry({ shape: "[4,1,1,1,1,1,1,1]" })}}`).get("w")!.shape.length).toBe(8);
    expect(file(`{"\\u00e9\\n\\ud83d\\ude42\\/":${entry()}}`).has("é\n🙂/")).toBe(true);
    expect(file(`{"w":${entry({ shape: "[]", offsets: "[0,1]" })}}`, [7]).get("w")!.data).toEqual(Uint8Array.of(7));
  });

  test("takes tensors in any order of their bytes, and empty ones anywhere between", () => {
    const b = (shape: string, offsets: string) => entry({ shape, offsets });
    const header = `{"c":${b("[2]", "[2,4]")},"e":${b("[0,9]", "[2,2]")},"a":${b("[2]", "[0,2]")},"z":${b("[0]", "[4,4]")}}`;
    const { tensors } = safetensors.read(makeFile(header, [1, 2, 3, 4]));
    expect([...tensors.keys()]).toEqual(["c", "e", "a", "z"]);
    expect(tensors.get("c")!.data).toEqual(Uint8Array.of(3, 4));
    expect(tensors.get("e")).toEqual({ dtype: "U8", shape: [0, 9], data: new Uint8Array(0) });
  });

  test("takes 100,000 tensors, and 20 MB of escaped metadata, in time", () => {
    const empty = entry({ shape: "[0]", offsets: "[0,0]" });
    const many = makeFile(`{${Array.from({ length: 100_000 }, (_, i) => `"${i}":${empty}`).join(",")}}`);
    const text = '{"a":"\n"}'.repeat(1_000_000);
    const long = safetensors.write({}, { text });
    expect(long.length).toBeGreaterThan(13_000_000);
    const start = process.cpuUsage().user;
    expect(safetensors.read(many).tensors.size).toBe(100_000);
    expect(safetensors.read(long).metadata.get("text")).toBe(text);
    // About 0.5 s of processor time, in microseconds; a quadratic scan would take minutes.
    expect(process.cpuUsage().user - start).toBeLessThan(5e6);
  });
});

describe("writing", () => {
  test("lays a file out as documented", () => {
    const file = safetensors.write(
      { b: { shape: [3], data: Uint8Array.of(7, 8, 9) }, a: { shape: [1], data: Float32Array.of(1) } },
      { z: "1", a: "2" },
    );
    const header =
      '{"__metadata__":{"a":"2","z":"1"},' +
      '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}}';
    expect(headerOf(file).trimEnd()).toBe(header);
    expect(headerOf(file).length % 8).toBe(0);
    expect(headerOf(file).length - header.length).toBeLessThan(8);
    expect([...file.subarray(-7)]).toEqual([0, 0, 128, 63, 7, 8, 9]);
  });

  test("has no metadata key without metadata", () => {
    expect(headerOf(safetensors.write({}))).toBe("{}      ");
    expect(safetensors.read(safetensors.write(new Map())).tensors.size).toBe(0);
  });

  test("gives the same bytes for the same tensors, whatever their order", () => {
    const entries = [...rows.map(({ dtype, data }, i) => [`${(i * 7) % 13}`, { dtype, shape: [2], data }] as const)];
    const metadata = [
      ["b", "1"],
      ["10", "2"],
      ["9", "3"],
    ] as const;
    const hash = (file: Uint8Array) => createHash("sha256").update(file).digest("hex");
    const first = safetensors.write(new Map(entries), new Map(metadata));
    const second = safetensors.write(new Map([...entries].reverse()), Object.fromEntries([...metadata].reverse()));
    expect(hash(second)).toBe(hash(first));
    expect(hash(safetensors.write(safetensors.read(first).tensors, safetensors.read(first).metadata))).toBe(
      hash(first),
    );
    // Frozen: a change of these bytes is a change of the format, for the changelog.
    expect(hash(first)).toBe("2cd801b1158ad92b00dac049b2f3991e54509a5555756daa1ce68fa292d62894");
  });

  test("aligns every tensor to its element", () => {
    const file = safetensors.write(new Map(rows.map(({ dtype, data }) => [dtype, { dtype, shape: [2], data }])));
    const header = JSON.parse(headerOf(file)) as Record<string, { data_offsets: [number, number] }>;
    for (const { dtype, data } of rows) {
      expect(header[dtype]!.data_offsets[0] % data.BYTES_PER_ELEMENT, dtype).toBe(0);
    }
  });

  test("takes tensors, views into larger buffers and clamped bytes", () => {
    const view = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    const file = safetensors.write({
      t: tensor([[1, 2]]),
      view: { shape: [2], data: view },
      clamped: { shape: [2], data: Uint8ClampedArray.of(1, 300) },
    });
    const { tensors } = safetensors.read(file);
    expect(tensors.get("t")).toEqual({ dtype: "F32", shape: [1, 2], data: Float32Array.of(1, 2) });
    expect(tensors.get("view")!.data).toEqual(Float32Array.of(1, 2));
    expect(tensors.get("clamped")!.data).toEqual(Uint8Array.of(1, 255));
  });

  test.each<[safetensors.Dtype, safetensors.DtypeArray, safetensors.DtypeArray]>([
    [
      "F64",
      new Float64Array(BigUint64Array.of(0xfff8000000000001n).buffer),
      new Float64Array(BigUint64Array.of(0x7ff8000000000000n).buffer),
    ],
    ["F32", new Float32Array(Uint32Array.of(0xffc00001).buffer), new Float32Array(Uint32Array.of(0x7fc00000).buffer)],
    ["F16", Uint16Array.of(0xfe01), Uint16Array.of(0x7e00)],
    ["BF16", Uint16Array.of(0xffc1), Uint16Array.of(0x7fc0)],
  ])("gives every NaN of %s the same bits, and leaves the source alone", (dtype, data, canonical) => {
    const bytesOf = (array: safetensors.DtypeArray) => [...new Uint8Array(array.buffer)];
    const before = bytesOf(data);
    const file = safetensors.write({ w: { dtype, shape: [1], data } });
    expect([...file.subarray(-data.byteLength)]).toEqual(bytesOf(canonical));
    expect(bytesOf(data)).toEqual(before);
  });

  test("keeps infinities and the largest numbers", () => {
    for (const dtype of ["F16", "BF16"] as const) {
      const data = dtype === "F16" ? Uint16Array.of(0x7c00, 0xfc00, 0x7bff) : Uint16Array.of(0x7f80, 0xff80, 0x7f7f);
      const file = safetensors.write({ w: { dtype, shape: [3], data } });
      expect(safetensors.read(file, { nonFinite: "allow" }).tensors.get("w")!.data).toEqual(data);
    }
  });

  const one = { shape: [1], data: Float32Array.of(1) };
  test.each<[string, unknown, unknown, string]>([
    [
      "no tensors",
      undefined,
      {},
      "safetensors.write: tensors must be a Map or an object. Received: tensors=undefined.",
    ],
    ["an array of tensors", [one], {}, "tensors must be a Map or an object"],
    ["data of another kind", { w: { shape: [1], data: [1] } }, {}, 'data of "w" must be a typed array of numbers'],
    ["an unknown dtype", { w: { ...one, dtype: "F8" } }, {}, 'dtype of "w" must be one of "F64", "F32"'],
    [
      "a dtype of other data",
      { w: { ...one, dtype: "F16" } },
      {},
      'data of "w" must be a Uint16Array for F16. Received: data=Float32Array(1).',
    ],
    [
      "a shape that is too small",
      { w: { ...one, shape: [0] } },
      {},
      'shape of "w" must have at most 8 extents and a product of 1. Received: shape=[0].',
    ],
    ["a negative shape", { w: { ...one, shape: [-1, -1] } }, {}, 'shape of "w"'],
    ["a missing shape", { w: { data: one.data } }, {}, 'shape of "w"'],
    ["a rank above 8", { w: { ...one, shape: Array(9).fill(1) } }, {}, "at most 8 extents"],
    ["the name of the metadata", { __metadata__: one }, {}, "no tensor may be called __metadata__"],
    ["a name that is too long", { ["n".repeat(1025)]: one }, {}, "names must have at most 1024 bytes"],
    ["half a surrogate pair", { "\ud800": one }, {}, "surrogates in pairs"],
    ["metadata that is no string", { w: one }, { a: 1 }, 'metadata "a" must be a string. Received: value=1.'],
    ["metadata of another kind", { w: one }, ["a"], "metadata must be a Map or an object"],
    ["metadata with half a surrogate pair", { w: one }, { a: "\udc00" }, "surrogates in pairs"],
    [
      "more metadata than a reader takes",
      {},
      { a: "a".repeat(25_000_000) },
      "the header must have at most 25000000 bytes",
    ],
  ])("refuses %s", (_, tensors, metadata, message) => {
    const write = safetensors.write as (tensors: unknown, metadata: unknown) => Uint8Array;
    expect(() => write(tensors, metadata)).toThrow(message);
  });
});

describe("toFloat32", () => {
  test("converts every dtype", () => {
    const got = rows.map(({ dtype, data }) => [dtype, [...safetensors.toFloat32({ dtype, data })]]);
    expect(Object.fromEntries(got)).toEqual({
      F64: [Math.fround(Math.PI), -0],
      F32: [Math.fround(0.1), -0],
      F16: [1, -0],
      BF16: [1, -0],
      I64: [-(2 ** 63), 1],
      I32: [-(2 ** 31), 1],
      I16: [-32768, 1],
      I8: [-128, 1],
      U8: [255, 1],
      U16: [65535, 1],
      U32: [2 ** 32, 1],
      U64: [2 ** 64, 1],
      BOOL: [0, 1],
    });
  });
});
