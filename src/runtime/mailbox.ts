/**
 * What the main thread and the workers of a pool share beside linear memory: which kernel runs, on which pieces, and who
 * has taken and finished which. Int32 words first, then the arguments of every piece as float64.
 */

/** Most threads of a pool, the main one included. */
export const MAX_THREADS = 32;
/** Most pieces of one call for each thread: so many that one which is slow or late costs little. */
export const MAX_PIECES_PER_THREAD = 8;
export const MAX_PIECES = MAX_PIECES_PER_THREAD * MAX_THREADS;
/** Most arguments of a kernel that is split. */
export const MAX_ARGUMENTS = 20;

/** Number of the current call, from 1 on; a new one is what the workers wait for. */
export const CALL = 0;
/** Workers that sleep until the number changes. */
export const PARKED = 1;
/** Index of the kernel among those that the pool names. */
export const KERNEL = 2;
export const PIECES = 3;
export const ARGUMENTS = 4;
/** A word that never changes, to sleep on for a while. */
export const NEVER = 5;
/** Position of the argument of which each thread has its own, an address of scratch memory (-1: none), and bytes between them. */
export const SCRATCH = 6;
export const SCRATCH_BYTES = 7;
/** For each piece -call while nobody has taken it, +call afterwards. */
export const TAKEN = 16;
/** For each piece +call when it is finished, -call when its kernel trapped. */
export const FINISHED = TAKEN + MAX_PIECES;

const WORDS = FINISHED + MAX_PIECES;
const FIRST_ARGUMENT = WORDS * 4;

/** Calls are counted around below this, so that their negatives are numbers of 32 bits too. */
export const LAST_CALL = 1 << 30;
/** In place of the number of a call: the workers end. */
export const END = -1;

export interface Mailbox {
  readonly words: Int32Array;
  readonly values: Float64Array;
}

export function newMailbox(): SharedArrayBuffer {
  return new SharedArrayBuffer(FIRST_ARGUMENT + MAX_PIECES * MAX_ARGUMENTS * 8);
}

export function openMailbox(buffer: SharedArrayBuffer): Mailbox {
  return { words: new Int32Array(buffer, 0, WORDS), values: new Float64Array(buffer, FIRST_ARGUMENT) };
}

/** What a worker is sent to begin with. */
export interface Assignment {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly mailbox: SharedArrayBuffer;
  /** Exports that may be called, by index. */
  readonly names: readonly string[];
  /** 1 for the first worker: where among the pieces it begins to look, of so many threads. */
  readonly thread: number;
  readonly threads: number;
}
