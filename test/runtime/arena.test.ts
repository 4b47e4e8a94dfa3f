import { describe, expect, it } from "vitest";
import { MemoryError } from "../../src/check.js";
import { Arena } from "../../src/runtime/arena.js";

const arenaOf = (maximum: number): Arena => new Arena(new WebAssembly.Memory({ initial: 1, maximum }), 100);

describe("Arena", () => {
  it("never hands out address 0 and aligns every block to 64 bytes", () => {
    const arena = arenaOf(4);
    for (const size of [0, 1, 63, 64, 65]) expect(arena.allocate(size) % 64).toBe(0);
    expect(new Arena(arena.memory, 0).allocate(1)).toBeGreaterThan(0);
  });

  it("reuses what was freed, merging neighbours in either order", () => {
    const arena = arenaOf(4);
    const [a, b, c, d] = [0, 1, 2, 3].map(() => arena.allocate(1000)) as [number, number, number, number];
    arena.free(a);
    arena.free(c);
    arena.free(b);
    expect(arena.allocate(3000)).toBe(a);
    arena.free(a);
    arena.free(d);
    expect(arena.usedBytes).toBe(0);
    expect(arena.allocate(4000)).toBe(a);
  });

  it("answers MemoryError when memory cannot grow, and stays usable", () => {
    const arena = arenaOf(2);
    const kept = arena.allocate(1000);
    expect(() => arena.allocate(200_000)).toThrow(MemoryError);
    expect(() => arena.allocate(200_000)).toThrow(/linear memory cannot grow by \d+ bytes/);
    expect(arena.usedBytes).toBe(1024);
    expect(arena.allocate(1000)).toBeGreaterThan(kept);
  });

  it("refuses to free what is not a live block", () => {
    const arena = arenaOf(2);
    const address = arena.allocate(10);
    arena.free(address);
    expect(() => arena.free(address)).toThrow(/Arena.free: address must be a live block/);
  });

  it("survives a long random sequence without overlap, and returns everything", () => {
    const arena = arenaOf(64);
    const live = new Map<number, number>();
    let state = 7;
    for (let i = 0; i < 3000; i++) {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      if (live.size > 20 || (live.size > 0 && state % 3 === 0)) {
        const address = [...live.keys()][state % live.size]!;
        arena.free(address);
        live.delete(address);
      } else {
        const size = 1 + (state % 5000);
        const address = arena.allocate(size);
        for (const [other, length] of live) expect(address + size <= other || other + length <= address).toBe(true);
        live.set(address, size);
      }
    }
    for (const address of live.keys()) arena.free(address);
    expect(arena.usedBytes).toBe(0);
  });
});
