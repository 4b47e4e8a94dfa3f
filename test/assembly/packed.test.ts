import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { instantiate } from "../../build/unpack.js";
import { createEngine, type Engine } from "../../src/runtime/engine.js";
import { inlinedBytes } from "../../src/runtime/wasm.js";
import { engineOf } from "../builds.js";

const fileOf = (name: string): Buffer => readFileSync(new URL(`../../build/${name}.wasm`, import.meta.url));

function unpacker(): Awaited<ReturnType<typeof instantiate>> {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(fileOf("unpack"))));
  return exports as unknown as Awaited<ReturnType<typeof instantiate>>;
}

/** The data after deflate and inflate. */
function inflated(data: Uint8Array, options: Parameters<typeof deflateRawSync>[1]): Uint8Array {
  const { memory, heapBase, inflate } = unpacker();
  const packed = deflateRawSync(data, options);
  memory.grow(Math.ceil((data.length + packed.length) / 65536));
  const from = heapBase();
  new Uint8Array(memory.buffer).set(packed, from);
  const to = from + packed.length;
  return new Uint8Array(memory.buffer).slice(to, inflate(from, to));
}

describe("inflate", () => {
  const random = Uint8Array.from({ length: 70_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);
  const text = new TextEncoder().encode(readFileSync(import.meta.filename, "utf8").repeat(3));
  const data: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["one byte", Uint8Array.of(7)],
    ["equal bytes", new Uint8Array(100_000).fill(9)],
    ["noise", random],
    ["text", text],
    ["text after noise, far apart", Uint8Array.from([...text, ...random.subarray(0, 30_000), ...text])],
  ];
  const forms: [string, object][] = [
    ["codes of their own", { level: 9 }],
    ["fixed codes", { level: 9, strategy: constants.Z_FIXED }],
    ["stored blocks", { level: 0 }],
    ["many small blocks", { level: 1, memLevel: 1 }],
  ];
  it.each(forms.flatMap(([form, options]) => data.map((each) => [form, ...each, options] as const)))(
    "gives back what was deflated with %s: %s",
    (_form, _name, bytes, options) => {
      expect(Buffer.compare(inflated(bytes, options), bytes)).toBe(0);
    },
  );
});

describe("fromBase64", () => {
  it.each([0, 1, 2, 3, 4, 255, 256, 257])("decodes %i bytes, and touches nothing behind the text", (length) => {
    const { memory, heapBase, fromBase64 } = unpacker();
    const data = Uint8Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);
    const text = Buffer.from(data).toString("base64");
    const [from, bytes] = [heapBase(), new Uint8Array(memory.buffer)];
    bytes.fill(77, from, from + text.length + 4);
    bytes.set(Buffer.from(text), from);
    fromBase64(from, from + text.length);
    expect(bytes.slice(from, from + length)).toEqual(data);
    expect([...bytes.slice(from + text.length, from + text.length + 4)]).toEqual([77, 77, 77, 77]);
  });
});

describe("the inlined builds", () => {
  it.each(["math", "baseline", "relaxed"] as const)("%s is the file of that name", (name) => {
    expect(Buffer.compare(inlinedBytes(name), fileOf(name))).toBe(0);
  });

  it.each(["baseline", "relaxed"] as const)("%s has the hash that info() tells", (build) => {
    const sha256 = createHash("sha256").update(fileOf(build)).digest("hex");
    expect(createEngine({ build }).info.sha256).toBe(sha256);
  });

  it("computes in the baseline build what the compiler makes without relaxed SIMD", () => {
    const n = 1021;
    const run = (engine: Engine, name: string): Uint32Array => {
      const [x, z] = [0, 1].map(() => engine.arena.allocate(4 * n)) as [number, number];
      for (let i = 0; i < n; i++) engine.floats(x, n)[i] = Math.sin(i) * (i % 7) * 3;
      const kernel = engine.kernels[name as keyof typeof engine.kernels] as (...args: number[]) => void;
      kernel(n, x, z);
      return new Uint32Array(engine.floats(z, n).slice().buffer);
    };
    const [debug, baseline] = [engineOf("debug"), engineOf("baseline")];
    const names = ["exponential", "tanh", "gelu", "softplus", "mish"].map((name) => `${name}Forward`);
    for (const name of [...names, "vlog", "verf", "vexpm1", "vlog1p"]) {
      expect(run(baseline, name), name).toEqual(run(debug, name));
    }
  });
});
