import { instantiateSync } from "@assemblyscript/loader";
import * as inlined from "../../build/inline.js";
import type { instantiate } from "../../build/relaxed.js";
import type { instantiate as instantiateUnpacker } from "../../build/unpack.js";

/** Every Wasm export by name, typed by the compiler's own declarations. */
export type Kernels = Omit<Awaited<ReturnType<typeof instantiate>>, "memory">;

/** The builds that the package carries. `debug` (with assertions) exists in the repository only. */
export type Build = "baseline" | "relaxed" | "debug";

/** The modules that the package carries, by the numbers that assembly/packed/unpack.ts gives them. */
const INLINED = ["math", "baseline", "relaxed"] as const;

type Unpacker = Awaited<ReturnType<typeof instantiateUnpacker>>;

let inflated: { unpacker: Unpacker; streams: number; end: number } | undefined;

/** What is inlined, decompressed once, in a memory of its own. */
function inflateInlined(): { unpacker: Unpacker; streams: number; end: number } {
  const bytes = Uint8Array.from(atob(inlined.unpacker), (character) => character.charCodeAt(0));
  const unpacker = instantiateSync(compile(bytes), {}).instance.exports as unknown as Unpacker;
  const start = unpacker.heapBase();
  const streams = start + inlined.packed.length;
  new TextEncoder().encodeInto(inlined.packed, new Uint8Array(unpacker.memory.buffer, start));
  unpacker.fromBase64(start, streams);
  return { unpacker, streams, end: unpacker.inflate(start, streams) };
}

/** The bytes of a module that the package carries. */
export function inlinedBytes(name: (typeof INLINED)[number]): Uint8Array<ArrayBuffer> {
  inflated ??= inflateInlined();
  const { unpacker, streams, end } = inflated;
  const length = unpacker.unpack(streams, end, INLINED.indexOf(name)) - end;
  return new Uint8Array(unpacker.memory.buffer.slice(end, end + length) as ArrayBuffer);
}

export function inlinedHash(name: keyof typeof inlined.sha256): string {
  return inlined.sha256[name];
}

/** Compiles bytes, or says which Content-Security-Policy directive forbids it. */
export function compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  if (typeof WebAssembly === "undefined") {
    throw new Error("init: this runtime has no WebAssembly. lanewise has no slower fallback.");
  }
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    throw new Error(
      `init: WebAssembly could not be compiled (${(error as Error).message}). On a page with a Content-Security-Policy, ` +
        `add 'wasm-unsafe-eval' to script-src; where compiling is forbidden, pass init({ module }).`,
      { cause: error },
    );
  }
}

/**
 * Instantiates through the loader and returns the raw exports: the loader's own wrap every call in a rest array,
 * which costs more than a small kernel.
 */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const { instance } = instantiateSync(module, { env: { memory, abort } });
  return instance.exports as unknown as Kernels;
}

/** Called by a failed assertion of the debug build. The stub runtime's strings are not read: the position tells all. */
function abort(_message: number, _file: number, line: number, column: number): never {
  throw new WebAssembly.RuntimeError(`kernel assertion failed at line ${line}, column ${column}`);
}

/**
 * The same module for a memory that threads share: kernels have no atomics, so that it differs in one bit, the flag of the
 * memory that it imports.
 */
export function sharedForm(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  let at = 8; // after the magic number and the version
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = copy[at++]!;
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const skip = (length: number): void => void (at += length);
  while (at < copy.length) {
    const section = copy[at++]!;
    const length = number();
    if (section !== IMPORTS) {
      skip(length);
      continue;
    }
    for (let left = number(); left > 0; left--) {
      skip(number()); // module
      skip(number()); // name
      const kind = copy[at++]!;
      if (kind === MEMORY) {
        copy[at]! |= SHARED;
        return copy;
      }
      if (kind !== FUNCTION) break;
      number(); // its type
    }
    break;
  }
  throw new Error("init: the module must import its memory. Received: no memory among its first imports.");
}

// WebAssembly core specification, section 5: binary format.
const IMPORTS = 2;
const FUNCTION = 0;
const MEMORY = 2;
/** Flag of a memory's limits. */
const SHARED = 2;

/**
 * The kernels with every product replaced by its form of short register tiles, `<name>Short`, which has the same bits.
 */
export function withShortTiles(kernels: Kernels): Kernels {
  const named = Object.keys(kernels).map((name) => [name, kernels[shortName(kernels, name) as keyof Kernels]]);
  return Object.fromEntries(named) as Kernels;
}

/** The export that withShortTiles puts in a kernel's place. */
export function shortName(kernels: Kernels, name: string): string {
  return `${name}Short` in kernels ? `${name}Short` : name;
}

/**
 * Whether high tiles take more registers than there are: in the baseline build, where a product takes one more before it
 * is added, and in the relaxed build where V8's register allocator spills them, up to version 12 (Node 22, Chrome 129).
 */
export function wantsShortTiles(build: Build): boolean {
  return build === "baseline" || (build === "relaxed" && isOlderV8());
}

/** Whether this is V8 12 or older. Only the time that a product takes depends on it. */
function isOlderV8(): boolean {
  const { process, Deno, navigator } = globalThis as {
    process?: { versions?: { v8?: string } };
    Deno?: { version?: { v8?: string } };
    navigator?: { userAgent?: string };
  };
  const chrome = /Chrom(?:e|ium)\/(\d+)/.exec(navigator?.userAgent ?? "")?.[1];
  const v8 = process?.versions?.v8 ?? Deno?.version?.v8 ?? (chrome && String(Number(chrome) / 10));
  return v8 !== undefined && Number.parseFloat(v8) < 13;
}
