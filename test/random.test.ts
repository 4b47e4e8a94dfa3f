import { describe, expect, it } from "vitest";
import { checkSeed, deriveKey, drawSeed, keyOf, permutation, shuffledIndices, threefry2x32 } from "../src/random.js";

describe("threefry2x32", () => {
  // Known answers published with Random123 (kat_vectors): key, counter, result.
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])("key %j, counter %j", (key, counter, result) => {
    const out = new Uint32Array(4);
    threefry2x32(key[0]!, key[1]!, counter[0]!, counter[1]!, out, 1);
    expect([...out]).toEqual([0, ...result, 0]);
  });
});

describe("permutation", () => {
  it("holds every number once, at every size", () => {
    for (const n of [0, 1, 2, 3, 17, 64, 65, 1000]) {
      const sorted = permutation(n, 7).sort();
      expect([...sorted]).toEqual(Array.from({ length: n }, (_, i) => i));
    }
  });

  it("is a function of seed and stream, and 0 is a seed", () => {
    expect(permutation(50, 0)).toEqual(permutation(50, 0));
    const orders = [permutation(50, 0), permutation(50, 1), permutation(50, 2 ** 32), permutation(50, 0, 1)];
    expect(new Set(orders.map(String)).size).toBe(4);
    // Fixed forever: splits and batches of published results depend on it.
    expect([...permutation(10, 42)]).toEqual([5, 7, 1, 3, 6, 0, 2, 4, 8, 9]);
  });

  it("favours no order: 24 orders of 4 over 24 000 seeds", () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 24_000; seed++) {
      const order = String(permutation(4, seed));
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(49.7); // 99.9 % of 23 degrees of freedom
  });
});

describe("checkSeed", () => {
  it("takes 0 and refuses what is no seed", () => {
    expect(checkSeed("x", 0)).toBe(0);
    expect(() => checkSeed("x", -1)).toThrow("x: seed must be an integer in [0, 9007199254740991]. Received: seed=-1.");
    expect(() => checkSeed("x", 1.5)).toThrow(RangeError);
    expect(() => checkSeed("x", "1")).toThrow(TypeError);
  });
});

describe("keys", () => {
  it("hash a seed: 0 is one, numbers and bigints agree, neighbours differ", () => {
    expect(keyOf(0)).toEqual(keyOf(0n));
    expect(keyOf(2 ** 53 - 1)).toEqual(keyOf(2n ** 53n - 1n));
    const keys = [keyOf(0), keyOf(1), keyOf(2), keyOf(2 ** 32), keyOf(2n ** 64n - 1n)];
    expect(new Set(keys.flat()).size).toBe(10);
    // Fixed forever: the weights of published results depend on it.
    expect(keyOf(42)).toEqual([2662016897, 1095590091]);
  });

  it("derive streams of streams, each with a key of its own", () => {
    const key = keyOf(7);
    const keys = [
      key,
      deriveKey(key, 0),
      deriveKey(key, 1),
      deriveKey(key, 0, 0),
      deriveKey(key, 0, 1),
      deriveKey(key, 2 ** 32),
    ];
    expect(new Set(keys.map(String)).size).toBe(keys.length);
    expect(deriveKey(key, 3, 4)).toEqual(deriveKey(deriveKey(key, 3), 4));
    // Not words that a fill or a shuffle under the same key would use.
    const words = new Uint32Array(2);
    for (const [counter, stream] of [
      [0, 0],
      [1, 0],
      [0, 1],
    ] as const) {
      threefry2x32(key[0], key[1], counter, stream, words);
      expect(deriveKey(key, counter)).not.toEqual([...words]);
    }
  });

  it("refuse what is no seed", () => {
    expect(() => keyOf(-1)).toThrow("model: seed must be an integer in [0, 9007199254740991]. Received: seed=-1.");
    expect(() => keyOf(2n ** 64n, "sequential")).toThrow("sequential: seed must be in [0, 2^64 - 1].");
    expect(() => keyOf(-1n)).toThrow(RangeError);
    expect(() => keyOf("1" as unknown as number)).toThrow(TypeError);
  });

  it("drawn seeds are seeds", () => {
    const seeds = Array.from({ length: 20 }, drawSeed);
    for (const seed of seeds) expect(checkSeed("x", seed)).toBe(seed);
    expect(new Set(seeds).size).toBeGreaterThan(15);
  });
});

describe("shuffledIndices", () => {
  it("is a permutation, a function of key and epoch", () => {
    const key = keyOf(5);
    const order = shuffledIndices(500, key, 0);
    expect([...order.slice().sort()]).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(shuffledIndices(500, key, 0)).toEqual(order);
    expect(shuffledIndices(500, key, 1)).not.toEqual(order);
    expect(shuffledIndices(500, keyOf(6), 0)).not.toEqual(order);
  });
});
