import { MemoryError } from "../check.js";

const PAGE = 65536;
/** Alignment of every block: a cache line. */
const ALIGNMENT = 64;
/** Bytes kept free above the last block, so that a vector read at the end of an array stays inside the memory. */
const SLACK = 256;

interface Span {
  address: number;
  byteLength: number;
}

/**
 * First-fit allocator over one linear memory. Blocks are 64-byte aligned; freed neighbours are merged, so that what a
 * disposed model leaves serves the next one. It grows the memory when no gap fits, and throws MemoryError, with
 * nothing changed, when that is refused.
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  /** Free spans below `#top`, by address. */
  readonly #gaps: Span[] = [];
  readonly #blocks = new Map<number, number>();
  #top: number;
  #used = 0;

  constructor(memory: WebAssembly.Memory, base: number) {
    this.memory = memory;
    this.#top = align(Math.max(base, ALIGNMENT)); // address 0 stays unused: it means "none" in kernel arguments
  }

  /** Bytes in live blocks. */
  get usedBytes(): number {
    return this.#used;
  }

  /** Reserves byteLength bytes (at least one line) and returns their address. The contents are undefined. */
  allocate(byteLength: number): number {
    const size = align(Math.max(byteLength, 1));
    const index = this.#gaps.findIndex((gap) => gap.byteLength >= size);
    const address = index >= 0 ? this.#takeFromGap(index, size) : this.#takeFromTop(size);
    this.#blocks.set(address, size);
    this.#used += size;
    return address;
  }

  /** Returns a block. Throws if address is not the start of a live one. */
  free(address: number): void {
    const size = this.#blocks.get(address);
    if (size === undefined) throw new Error(`Arena.free: address must be a live block. Received: address=${address}.`);
    this.#blocks.delete(address);
    this.#used -= size;
    let index = this.#gaps.findIndex((gap) => gap.address > address);
    if (index < 0) index = this.#gaps.length;
    this.#gaps.splice(index, 0, { address, byteLength: size });
    this.#merge(index);
    this.#merge(index - 1);
    const last = this.#gaps.at(-1);
    if (last !== undefined && last.address + last.byteLength === this.#top) {
      this.#top = last.address;
      this.#gaps.pop();
    }
  }

  #takeFromGap(index: number, size: number): number {
    const gap = this.#gaps[index]!;
    const { address } = gap;
    gap.address += size;
    gap.byteLength -= size;
    if (gap.byteLength === 0) this.#gaps.splice(index, 1);
    return address;
  }

  #takeFromTop(size: number): number {
    const address = this.#top;
    const missing = address + size + SLACK - this.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE));
      } catch {
        throw new MemoryError(
          `Arena.allocate: linear memory cannot grow by ${missing} bytes beyond ${this.memory.buffer.byteLength}. ` +
            `Received: byteLength=${size}. Dispose of models that are no longer needed, use a smaller batchSize, ` +
            `or raise init({ maximumMemory }).`,
        );
      }
    }
    this.#top = address + size;
    return address;
  }

  #merge(index: number): void {
    const gap = this.#gaps[index];
    const next = this.#gaps[index + 1];
    if (gap === undefined || next === undefined || gap.address + gap.byteLength !== next.address) return;
    gap.byteLength += next.byteLength;
    this.#gaps.splice(index + 1, 1);
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
