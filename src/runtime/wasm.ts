import { instantiateSync } from "@assemblyscript/loader";
import { inlined } from "../../build/inline.js";
import type { instantiate } from "../../build/baseline.js";

/** Every Wasm export by name, typed by the compiler's own declarations. */
export type Kernels = Omit<Awaited<ReturnType<typeof instantiate>>, "memory">;

/** The builds that the package carries. `debug` (with assertions) exists in the repository only. */
export type Build = "baseline" | "relaxed" | "debug";

/** A build's bytes and their SHA-256, decoded from the inlined base64 once. */
export function inlinedBytes(name: keyof typeof inlined): Uint8Array<ArrayBuffer> {
  const characters = atob(inlined[name].base64);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

export function inlinedHash(name: keyof typeof inlined): string {
  return inlined[name].sha256;
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
 * V8's register allocator spills the high tiles of the relaxed build up to version 12 (Node 22, Chrome 129).
 */
export function withShortTiles(kernels: Kernels): Kernels {
  const named = Object.keys(kernels).map((name) => [name, kernels[shortName(kernels, name) as keyof Kernels]]);
  return Object.fromEntries(named) as Kernels;
}

/** The export that withShortTiles puts in a kernel's place. */
export function shortName(kernels: Kernels, name: string): string {
  return `${name}Short` in kernels ? `${name}Short` : name;
}

/** Whether this is a V8 that spills them. Only the time that a product takes depends on it. */
export function spillsHighTiles(): boolean {
  const { process, Deno, navigator } = globalThis as {
    process?: { versions?: { v8?: string } };
    Deno?: { version?: { v8?: string } };
    navigator?: { userAgent?: string };
  };
  const chrome = /Chrom(?:e|ium)\/(\d+)/.exec(navigator?.userAgent ?? "")?.[1];
  const v8 = process?.versions?.v8 ?? Deno?.version?.v8 ?? (chrome && String(Number(chrome) / 10));
  return v8 !== undefined && Number.parseFloat(v8) < 13;
}
