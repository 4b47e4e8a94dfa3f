/**
 * A worker of a pool (pool.ts). scripts/build-worker.mjs bundles this file into a string, because a worker must be
 * started from a source that exists in every runtime. It only ever runs kernels over the memory that it is given.
 */
import {
  ARGUMENTS,
  CALL,
  END,
  FINISHED,
  KERNEL,
  MAX_ARGUMENTS,
  PARKED,
  PIECES,
  SCRATCH,
  SCRATCH_BYTES,
  TAKEN,
  openMailbox,
  type Assignment,
} from "./mailbox.js";

/**
 * Looks at the mailbox before a worker sleeps: some .8 ms, longer than the pause between two calls of a step or between two
 * steps, in which the main thread copies a batch. To be woken takes as long as a small step.
 */
const LOOKS = 100_000;

interface Port {
  onmessage: ((event: { data: Assignment }) => void) | null;
  postMessage(message: string): void;
}

interface WorkerGlobal extends Port {
  process?: { getBuiltinModule?(name: string): { parentPort: Port | null } | undefined };
}

const scope = globalThis as unknown as WorkerGlobal;
const port = scope.process?.getBuiltinModule?.("node:worker_threads")?.parentPort ?? scope;

port.onmessage = ({ data }) => {
  port.onmessage = null;
  const kernels = instantiate(data);
  port.postMessage("ready");
  work(data, kernels);
};

type Kernel = (...values: number[]) => unknown;

function instantiate({ module, memory, names }: Assignment): Kernel[] {
  const abort = (): never => {
    throw new WebAssembly.RuntimeError("kernel assertion failed");
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  return names.map((name) => exports[name] as Kernel);
}

/** Runs pieces until the pool ends. */
function work({ mailbox, thread, threads }: Assignment, kernels: readonly Kernel[]): void {
  const { words, values } = openMailbox(mailbox);
  const given: number[] = [];
  let call = 0;
  while ((call = nextCall(words, call)) !== END) {
    const pieces = words[PIECES]!;
    const first = Math.floor((thread * pieces) / threads);
    for (let i = 0; i < pieces; i++) {
      const piece = (first + i) % pieces;
      if (Atomics.compareExchange(words, TAKEN + piece, -call, call) !== -call) continue;
      // Taken: the call stays in the mailbox until this piece is finished.
      given.length = words[ARGUMENTS]!;
      for (let j = 0; j < given.length; j++) given[j] = values[piece * MAX_ARGUMENTS + j]!;
      if (words[SCRATCH]! >= 0) given[words[SCRATCH]!]! += thread * words[SCRATCH_BYTES]!;
      let finished = call;
      try {
        kernels[words[KERNEL]!]!(...given);
      } catch {
        finished = -call;
      }
      Atomics.store(words, FINISHED + piece, finished);
    }
  }
}

/** Waits for a call other than the last: looks often for a while, then sleeps. */
function nextCall(words: Int32Array, last: number): number {
  for (;;) {
    for (let looks = 0; looks < LOOKS; looks++) {
      const call = Atomics.load(words, CALL);
      if (call !== last) return call;
    }
    Atomics.add(words, PARKED, 1);
    Atomics.wait(words, CALL, last);
    Atomics.sub(words, PARKED, 1);
  }
}
