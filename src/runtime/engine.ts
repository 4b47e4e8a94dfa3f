import { checkBoolean, checkChoice, checkKeys, checkNumber } from "../check.js";
import { Arena } from "./arena.js";
import { MAX_THREADS } from "./mailbox.js";
import { prepareMath } from "./math.js";
import { Pool, threadsRefused } from "./pool.js";
import { CUT_KERNELS, SPLIT_FROM, splitKernels } from "./split.js";
import {
  compile,
  inlinedBytes,
  inlinedHash,
  instantiateKernels,
  sharedForm,
  shortName,
  wantsShortTiles,
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
  /**
   * Threads that work on large kernels, the calling one included: 1 to 32, default 1. Results have the same bits for any
   * number. Needs worker threads and shared memory: in a browser a cross-origin isolated page. Where they cannot be had,
   * everything runs on one thread and `info().refused.threads` says why.
   */
  threads?: number;
  /**
   * A compiled module of one of the builds, where compiling from bytes is forbidden; `build` says which, default
   * baseline. It runs on one thread.
   */
  module?: WebAssembly.Module;
}

/** What runs, and why nothing faster does. */
export interface EngineInfo {
  build: Build;
  /** Whether multiply-add rounds once. */
  fused: boolean;
  /** Threads at work, the calling one included. */
  threads: number;
  /** Of the build's Wasm bytes; undefined for a module that the caller compiled. */
  sha256: string | undefined;
  /** Why each other choice was refused. */
  refused: Record<string, string>;
}

const PAGE = 65536;
const MAXIMUM_PAGES = 65536;

/** What an engine is made of. */
export interface EngineParts {
  readonly build: Build;
  readonly module: WebAssembly.Module;
  /** Shared where there are threads. */
  readonly memory: WebAssembly.Memory;
  readonly sha256?: string | undefined;
  readonly refused?: Record<string, string>;
  readonly threads?: number;
  /** Work from which on a call is split; tests split everything. */
  readonly splitFrom?: number;
}

/** One instantiated build with its memory and threads. Made once by default; tests make one per build. */
export class Engine {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly arena: Arena;
  /** Threads asked for, the calling one included. */
  readonly threads: number;
  readonly #info: Omit<EngineInfo, "threads">;
  readonly #pool: Pool | undefined;
  #f32 = new Float32Array(0);
  #i32 = new Int32Array(0);
  #u8 = new Uint8Array(0);
  /** Why nothing can be computed any more. */
  #failure: string | undefined;

  constructor({ build, module, memory, sha256, refused = {}, threads = 1, splitFrom = SPLIT_FROM }: EngineParts) {
    this.memory = memory;
    this.threads = threads;
    const all = instantiateKernels(module, memory);
    const short = wantsShortTiles(build);
    const kernels = short ? withShortTiles(all) : all;
    this.#info = { build, fused: kernels.isFused(FUSED_PROBE) === 1, sha256, refused };
    if (threads > 1) {
      const names = CUT_KERNELS.map((name) => (short ? shortName(all, name) : name));
      this.#pool = new Pool(module, memory, names, threads);
    }
    this.kernels = this.#pool ? splitKernels(kernels, this.#pool, splitFrom) : kernels;
    this.arena = new Arena(memory, this.kernels.heapBase());
  }

  /** Resolves when the threads work, or are known not to. Nothing needs to wait for it: until then fewer work. */
  async ready(): Promise<void> {
    await this.#pool?.ready;
  }

  /** What runs, at this moment. */
  get info(): EngineInfo {
    const refused = { ...this.#info.refused };
    if (this.#pool?.refused !== undefined) refused["threads"] = this.#pool.refused;
    return { ...this.#info, threads: this.#pool?.alive ?? 1, refused };
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
    this.#noteThreads();
    if (this.#failure !== undefined) {
      throw new Error(`Engine: ${this.#failure}; call dispose() and init(), and load saved weights.`);
    }
  }

  /** Remembers a trap. */
  noteTrap(error: unknown): void {
    if (error instanceof WebAssembly.RuntimeError) this.#failure ??= `a kernel failed earlier (${error.message})`;
  }

  #noteThreads(): void {
    const failure = this.#pool?.failure;
    if (failure !== undefined) this.#failure ??= `a kernel failed earlier (${failure})`;
  }

  /** Ends the threads. Its models cannot compute any more; what they hold can still be read. */
  dispose(): void {
    this.#failure ??= "it was disposed";
    this.#pool?.dispose();
  }

  /** A view of n floats at address, valid until memory grows. */
  floats(address: number, n: number): Float32Array {
    return this.f32.subarray(address >>> 2, (address >>> 2) + n);
  }
}

/** fround(1 + 2^-12): its square needs 25 bits, so that a fused multiply-add shows. */
const FUSED_PROBE = 1 + 1 / 4096;

/** Bytes of 64 KiB pages, at least one page above the module's constants. */
function createMemory(maximumMemory: number, shared: boolean): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 2, maximum: Math.floor(maximumMemory / PAGE), shared });
}

/** Makes an engine with the best build that validates, fuses, and that the options allow. */
export function createEngine(options: EngineOptions = {}): Engine {
  checkKeys("init", options, ["build", "deterministic", "maximumMemory", "module", "threads"]);
  const { deterministic = false, maximumMemory = MAXIMUM_PAGES * PAGE, module } = options;
  checkBoolean("init", "deterministic", deterministic);
  checkNumber("init", "maximumMemory", maximumMemory, { min: 2 * PAGE, max: MAXIMUM_PAGES * PAGE, integer: true });
  let threads = checkNumber("init", "threads", options.threads ?? 1, { min: 1, max: MAX_THREADS, integer: true });
  const asked =
    options.build === undefined ? undefined : checkChoice("init", "build", options.build, ["baseline", "relaxed"]);
  if (deterministic && asked === "relaxed") {
    throw new RangeError('init: deterministic takes the baseline build. Received: build="relaxed".');
  }

  const refused: Record<string, string> = {};
  if (threads > 1) {
    const noThreads = module ? "a given module runs on one thread" : threadsRefused();
    if (noThreads !== undefined) {
      refused["threads"] = noThreads;
      threads = 1;
    }
  }
  const memory = createMemory(maximumMemory, threads > 1);
  if (module !== undefined) {
    prepareMath();
    return new Engine({ build: asked ?? "baseline", module, memory, refused });
  }

  const make = (build: "baseline" | "relaxed", bytes: Uint8Array<ArrayBuffer>): Engine => {
    const compiled = compile(threads > 1 ? sharedForm(bytes) : bytes);
    return new Engine({ build, module: compiled, memory, sha256: inlinedHash(build), refused, threads });
  };
  if (deterministic) refused["relaxed"] = "deterministic: true takes the baseline build";
  else if (asked === "baseline") refused["relaxed"] = 'build: "baseline" was asked for';
  else {
    const bytes = inlinedBytes("relaxed");
    try {
      const engine = make("relaxed", bytes);
      if (engine.info.fused || asked === "relaxed") return engine;
      engine.dispose();
      refused["relaxed"] = "this engine does not fuse multiply-add, so that the baseline build is as fast";
    } catch (error) {
      // Only now, since validating takes as long as compiling.
      if (WebAssembly.validate(bytes)) throw error;
      refused["relaxed"] = "this engine does not accept relaxed SIMD";
    }
    if (asked === "relaxed") throw new Error(`init: the relaxed build cannot run here: ${refused["relaxed"]}.`);
  }
  return make("baseline", inlinedBytes("baseline"));
}

let current: Engine | undefined;

/** The engine that models use unless given another; made at first use. */
export function defaultEngine(): Engine {
  current ??= createEngine();
  return current;
}

/**
 * Chooses how lanewise runs. Optional, and only before the first model: without it the fastest build runs on one
 * thread. Resolves when the threads are at work. Throws if an engine exists already: dispose() ends it.
 */
export async function init(options: EngineOptions = {}): Promise<EngineInfo> {
  if (current !== undefined) {
    throw new Error(
      `init: an engine is already running (${current.info.build}). Call init before the first model is made, or ` +
        `dispose() first.`,
    );
  }
  current = createEngine(options);
  await current.ready();
  return info();
}

/** Which build runs, fused or not, threads, and why each other choice was refused. */
export function info(): EngineInfo {
  return defaultEngine().info;
}

/**
 * Ends the worker threads and lets go of all linear memory that no model holds. Models made before cannot compute any
 * more; `init` may be called anew, and models loaded or made after it run on the new engine. Not needed for a process to
 * end: idle threads do not keep it alive.
 */
export function dispose(): void {
  current?.dispose();
  current = undefined;
}
