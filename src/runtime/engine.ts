import { checkBoolean, checkChoice, checkKeys, checkNumber } from "../check.js";
import { Arena } from "./arena.js";
import {
  compile,
  inlinedBytes,
  inlinedHash,
  instantiateKernels,
  spillsHighTiles,
  withShortTiles,
  type Build,
  type Kernels,
} from "./wasm.js";

/** What init() accepts. */
export interface EngineOptions {
  /** Which build to run; by default the fastest that validates and fuses. */
  build?: "baseline" | "relaxed";
  /** Take the baseline build, whose bits are the same in every runtime. Default false. */
  deterministic?: boolean;
  /** Bytes that linear memory may reach. Default 4 GiB, the most that Wasm can address. */
  maximumMemory?: number;
  /** A compiled module of one of the builds, where compiling from bytes is forbidden. */
  module?: WebAssembly.Module;
}

/** What runs, and why nothing faster does. */
export interface EngineInfo {
  build: Build;
  /** Whether multiply-add rounds once. */
  fused: boolean;
  threads: number;
  /** Of the build's Wasm bytes; undefined for a module that the caller compiled. */
  sha256: string | undefined;
  /** Why each other choice was refused. */
  refused: Record<string, string>;
}

const PAGE = 65536;
const MAXIMUM_PAGES = 65536;

/** One instantiated build with its memory. Made once by default; tests make one per build. */
export class Engine {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly arena: Arena;
  readonly info: EngineInfo;
  #f32 = new Float32Array(0);
  #i32 = new Int32Array(0);
  #u8 = new Uint8Array(0);
  #trap: string | undefined;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, info: Omit<EngineInfo, "fused" | "threads">) {
    this.memory = memory;
    const kernels = instantiateKernels(module, memory);
    this.kernels = info.build === "relaxed" && spillsHighTiles() ? withShortTiles(kernels) : kernels;
    this.arena = new Arena(memory, this.kernels.heapBase());
    this.info = { ...info, fused: this.kernels.isFused(FUSED_PROBE) === 1, threads: 1 };
  }

  /** Linear memory as floats. Take it anew after anything that may allocate: growing detaches older views. */
  get f32(): Float32Array {
    if (this.#f32.buffer !== this.memory.buffer) this.#f32 = new Float32Array(this.memory.buffer);
    return this.#f32;
  }

  get i32(): Int32Array {
    if (this.#i32.buffer !== this.memory.buffer) this.#i32 = new Int32Array(this.memory.buffer);
    return this.#i32;
  }

  get u8(): Uint8Array {
    if (this.#u8.buffer !== this.memory.buffer) this.#u8 = new Uint8Array(this.memory.buffer);
    return this.#u8;
  }

  /** Throws once a kernel has trapped: its memory may be half written, and nothing computed from it can be trusted. */
  checkUsable(): void {
    if (this.#trap !== undefined) {
      throw new Error(`Engine: a kernel failed earlier (${this.#trap}); make a new engine and load saved weights.`);
    }
  }

  /** Remembers a trap. */
  noteTrap(error: unknown): void {
    if (error instanceof WebAssembly.RuntimeError) this.#trap = error.message;
  }

  /** A view of n floats at address, valid until memory grows. */
  floats(address: number, n: number): Float32Array {
    return this.f32.subarray(address >>> 2, (address >>> 2) + n);
  }
}

/** fround(1 + 2^-12): its square needs 25 bits, so that a fused multiply-add shows. */
const FUSED_PROBE = 1 + 1 / 4096;

/** Bytes of 64 KiB pages, at least one page above the module's constants. */
function createMemory(maximumMemory: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 2, maximum: Math.floor(maximumMemory / PAGE) });
}

/** Makes an engine with the best build that validates, fuses, and that the options allow. */
export function createEngine(options: EngineOptions = {}): Engine {
  checkKeys("init", options, ["build", "deterministic", "maximumMemory", "module"]);
  const { deterministic = false, maximumMemory = MAXIMUM_PAGES * PAGE, module } = options;
  checkBoolean("init", "deterministic", deterministic);
  checkNumber("init", "maximumMemory", maximumMemory, { min: 2 * PAGE, max: MAXIMUM_PAGES * PAGE, integer: true });
  const asked =
    options.build === undefined ? undefined : checkChoice("init", "build", options.build, ["baseline", "relaxed"]);
  if (deterministic && asked === "relaxed") {
    throw new RangeError('init: deterministic takes the baseline build. Received: build="relaxed".');
  }
  const memory = createMemory(maximumMemory);
  if (module !== undefined) {
    return new Engine(module, memory, { build: asked ?? "baseline", sha256: undefined, refused: {} });
  }

  const refused: Record<string, string> = {};
  if (deterministic) refused["relaxed"] = "deterministic: true takes the baseline build";
  else if (asked === "baseline") refused["relaxed"] = 'build: "baseline" was asked for';
  else {
    const bytes = inlinedBytes("relaxed");
    if (!WebAssembly.validate(bytes)) refused["relaxed"] = "this engine does not accept relaxed SIMD";
    else {
      const engine = new Engine(compile(bytes), memory, { build: "relaxed", sha256: inlinedHash("relaxed"), refused });
      if (engine.info.fused || asked === "relaxed") return engine;
      refused["relaxed"] = "this engine does not fuse multiply-add, so that the baseline build is as fast";
    }
    if (asked === "relaxed") throw new Error(`init: the relaxed build cannot run here: ${refused["relaxed"]}.`);
  }
  return new Engine(compile(inlinedBytes("baseline")), memory, {
    build: "baseline",
    sha256: inlinedHash("baseline"),
    refused,
  });
}

let current: Engine | undefined;

/** The engine that models use unless given another; made at first use. */
export function defaultEngine(): Engine {
  current ??= createEngine();
  return current;
}

/**
 * Chooses how lanewise runs. Optional, and only before the first model: without it the fastest build runs.
 * Throws if an engine exists already.
 */
export async function init(options: EngineOptions = {}): Promise<EngineInfo> {
  if (current !== undefined) {
    throw new Error(
      `init: an engine is already running (${current.info.build}). Call init before the first model is made.`,
    );
  }
  current = createEngine(options);
  return info();
}

/** Which build runs, fused or not, threads, and why each other choice was refused. */
export function info(): EngineInfo {
  const engine = defaultEngine();
  return { ...engine.info, refused: { ...engine.info.refused } };
}
