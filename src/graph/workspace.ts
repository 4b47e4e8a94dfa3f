import type { Buffer } from "./lowering.js";

const ALIGNMENT = 64;

/** Bytes of a buffer for so many rows. */
function byteLength(buffer: Buffer, capacity: number, samples: number): number {
  const rows = buffer.sampled ? capacity * samples : capacity;
  return Math.ceil(((buffer.perRow * rows + buffer.fixed) * 4) / ALIGNMENT) * ALIGNMENT;
}

/**
 * Gives each buffer an offset such that two buffers whose lives overlap do not: the largest first, each at the lowest
 * free place. Returns the bytes needed; addresses are offsets until `move` is called.
 */
export function placeBuffers(buffers: readonly Buffer[], capacity: number, samples: number): number {
  const placed: { buffer: Buffer; start: number; end: number }[] = [];
  const bySize = buffers
    .map((buffer) => ({ buffer, size: byteLength(buffer, capacity, samples) }))
    .sort((a, b) => b.size - a.size || a.buffer.first - b.buffer.first);
  let total = 0;
  for (const { buffer, size } of bySize) {
    const rivals = placed.filter(({ buffer: other }) => buffer.first <= other.last && other.first <= buffer.last);
    rivals.sort((a, b) => a.start - b.start);
    let start = 0;
    for (const rival of rivals) {
      if (start + size <= rival.start) break;
      start = Math.max(start, rival.end);
    }
    buffer.address = start;
    placed.push({ buffer, start, end: start + size });
    total = Math.max(total, start + size);
  }
  return total;
}
