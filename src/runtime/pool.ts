import { workerSource } from "../../build/worker.js";
import {
  ARGUMENTS,
  CALL,
  END,
  FINISHED,
  KERNEL,
  LAST_CALL,
  MAX_ARGUMENTS,
  MAX_PIECES,
  NEVER,
  PARKED,
  PIECES,
  SCRATCH,
  SCRATCH_BYTES,
  TAKEN,
  newMailbox,
  openMailbox,
  type Assignment,
  type Mailbox,
} from "./mailbox.js";

/** A kernel as the pool calls it. */
export type Kernel = (...values: number[]) => unknown;

/** Milliseconds that a worker may take to start. */
const START_WITHIN = 10_000;
/** Milliseconds that a piece may take beyond FACTOR times what the main thread's own pieces took. */
const ANSWER_WITHIN = 5_000;
const FACTOR = 50;
/** Looks at the mailbox before the main thread begins to watch the clock. */
const LOOKS = 4096;

/** The parts of a worker that Node's and the browsers' have in common here. */
interface Worker {
  postMessage(message: Assignment): void;
  terminate(): unknown;
  on?(event: string, listener: (value: unknown) => void): void;
  addEventListener?(event: string, listener: (event: { data?: unknown; message?: string }) => void): void;
  unref?(): void;
}

/** Why worker threads cannot be had here, or how to start one. */
type Starter = { refused: string } | { start(): Worker };

/**
 * Worker threads that run kernels over one shared linear memory. A call is laid out as pieces; every thread, the main one
 * included, takes pieces until none is left, beginning with its own share. So a worker that sleeps, starts late or has
 * died costs time and nothing else; only one that stops with a piece in its hands stops the engine.
 *
 * Pieces are output tiles, rows or elements, never parts of a sum: how many there are and who runs them changes no bit.
 */
export class Pool {
  readonly #mailbox: Mailbox;
  readonly #workers = new Set<Worker>();
  /** Resolves when every worker has started, failed, or taken too long. */
  readonly ready: Promise<void>;
  /** Why there are fewer workers than were asked for. */
  refused: string | undefined;
  /** What left memory half written, so that nothing computed from it can be trusted any more. */
  failure: string | undefined;
  /** Pieces of the current call that this thread took, and the arguments of one. */
  readonly #own = new Uint8Array(MAX_PIECES);
  readonly #given: number[] = [];
  #call = 0;
  #ended = false;

  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    names: readonly string[],
    /** Threads asked for, the main one included. */
    readonly threads: number,
  ) {
    const mailbox = newMailbox();
    this.#mailbox = openMailbox(mailbox);
    const starter = findStarter();
    const starting: Promise<void>[] = [];
    if ("refused" in starter) this.refused = starter.refused;
    else {
      for (let thread = 1; thread < threads; thread++) {
        starting.push(this.#start(starter, { module, memory, mailbox, names, thread, threads }));
      }
    }
    this.ready = Promise.all(starting).then(() => undefined);
  }

  /** Threads at work, the main one included. */
  get alive(): number {
    return 1 + this.#workers.size;
  }

  #start(starter: { start(): Worker }, assignment: Assignment): Promise<void> {
    return new Promise((resolve) => {
      let worker: Worker;
      try {
        worker = starter.start();
      } catch (error) {
        this.refused = `a worker could not be started: ${(error as Error).message}`;
        resolve();
        return;
      }
      this.#workers.add(worker);
      const lose = (reason: string): void => {
        clearTimeout(timer);
        if (this.#workers.delete(worker)) {
          if (!this.#ended) this.refused = reason;
          worker.terminate();
        }
        resolve();
      };
      const timer = setTimeout(() => lose(`a worker did not start within ${START_WITHIN / 1000} s`), START_WITHIN);
      listen(worker, "message", () => {
        clearTimeout(timer);
        // From here on an idle pool does not keep the process alive.
        worker.unref?.();
        resolve();
      });
      listen(worker, "error", (error) =>
        lose(`a worker failed: ${(error as Error | undefined)?.message ?? "unknown"}`),
      );
      listen(worker, "exit", () => lose("a worker ended"));
      worker.postMessage(assignment);
    });
  }

  /**
   * Runs a kernel on pieces. `layOut` writes the arguments of a piece to values from an index on; `scratch` is the
   * position of that which is scratch memory, so many bytes for each thread, or -1. Throws a RuntimeError if a worker's
   * kernel traps or a worker stops in the middle of a piece: memory is half written then.
   */
  run(
    index: number,
    kernel: Kernel,
    count: number,
    pieces: number,
    layOut: (piece: number, values: Float64Array, at: number) => void,
    scratch: number,
    scratchBytes: number,
  ): void {
    const { words, values } = this.#mailbox;
    const call = (this.#call % LAST_CALL) + 1;
    this.#call = call;
    words[KERNEL] = index;
    words[PIECES] = pieces;
    words[ARGUMENTS] = count;
    words[SCRATCH] = scratch;
    words[SCRATCH_BYTES] = scratchBytes;
    for (let piece = 0; piece < pieces; piece++) {
      layOut(piece, values, piece * MAX_ARGUMENTS);
      Atomics.store(words, TAKEN + piece, -call);
    }
    Atomics.store(words, CALL, call);
    if (Atomics.load(words, PARKED) > 0) Atomics.notify(words, CALL);

    const begun = performance.now();
    const given = this.#given;
    given.length = count;
    for (let piece = 0; piece < pieces; piece++) {
      const own = Atomics.compareExchange(words, TAKEN + piece, -call, call) === -call;
      this.#own[piece] = own ? 1 : 0;
      if (!own) continue;
      for (let i = 0; i < count; i++) given[i] = values[piece * MAX_ARGUMENTS + i]!;
      kernel(...given);
    }
    for (let piece = 0; piece < pieces; piece++) if (this.#own[piece] === 0) this.#await(piece, call, begun);
  }

  /** Waits until another thread has finished a piece. */
  #await(piece: number, call: number, begun: number): void {
    const { words } = this.#mailbox;
    for (let looks = 0; looks < LOOKS; looks++) {
      if (Atomics.load(words, FINISHED + piece) === call) return;
    }
    const now = performance.now();
    const deadline = now + ANSWER_WITHIN + FACTOR * (now - begun);
    for (;;) {
      const finished = Atomics.load(words, FINISHED + piece);
      if (finished === call) return;
      if (finished === -call) this.#fail("a kernel trapped in a worker thread");
      if (performance.now() > deadline) this.#fail("a worker thread stopped in the middle of a kernel");
      rest(words);
    }
  }

  #fail(message: string): never {
    this.failure = message;
    throw new WebAssembly.RuntimeError(message);
  }

  /** Ends the workers. */
  dispose(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { words } = this.#mailbox;
    Atomics.store(words, CALL, END);
    Atomics.notify(words, CALL);
    for (const worker of this.#workers) worker.terminate();
    this.#workers.clear();
  }
}

let mayWait = true;

/** Leaves the processor to the thread that is waited for, where this one may sleep: not the main one of a page. */
function rest(words: Int32Array): void {
  if (!mayWait) return;
  try {
    Atomics.wait(words, NEVER, 0, 0.05);
  } catch {
    mayWait = false;
  }
}

function listen(worker: Worker, event: string, listener: (value: unknown) => void): void {
  if (worker.on) worker.on(event, listener);
  else worker.addEventListener?.(event, (message) => listener(message.data ?? message));
}

interface Host {
  process?: {
    versions?: { node?: string };
    getBuiltinModule?(name: string): { Worker: new (source: string, options: object) => Worker } | undefined;
  };
  Worker?: new (url: string, options: object) => Worker;
  crossOriginIsolated?: boolean;
  navigator?: { userAgent?: string };
}

/** The smallest module with a shared memory and an atomic load. */
const THREADS_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 4, 1, 3, 1, 1, 10, 11, 1, 9, 0, 65, 0, 254, 16, 2, 0,
  26, 11,
]);

/** Why shared memory and workers cannot be had here; undefined if they can. */
export function threadsRefused(): string | undefined {
  const starter = findStarter();
  return "refused" in starter ? starter.refused : undefined;
}

function findStarter(): Starter {
  const host = globalThis as unknown as Host;
  if (typeof SharedArrayBuffer === "undefined") return { refused: "this runtime has no SharedArrayBuffer here" };
  if (!WebAssembly.validate(THREADS_PROBE)) return { refused: "this engine does not accept Wasm threads" };
  if (host.navigator?.userAgent === "Cloudflare-Workers") return { refused: "this runtime has no worker threads" };
  const node = host.process?.versions?.node === undefined ? undefined : host.process.getBuiltinModule;
  if (node !== undefined) {
    const { Worker } = node("node:worker_threads")!;
    return { start: () => new Worker(workerSource, { eval: true, execArgv: [], name: "lanewise" }) };
  }
  const { Worker } = host;
  if (Worker === undefined) return { refused: "this runtime has no worker threads" };
  if (host.crossOriginIsolated === false) {
    return { refused: "the page is not cross-origin isolated (headers COOP: same-origin, COEP: require-corp)" };
  }
  return {
    start: () => {
      const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
      return new Worker(url, { type: "module", name: "lanewise" });
    },
  };
}
