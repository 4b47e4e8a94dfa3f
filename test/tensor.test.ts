import { describe, expect, test } from "vitest";
import { Tensor, tensor, type DataLike } from "../src/tensor.js";

describe("tensor", () => {
  test("keeps a typed array and its kind, without a copy", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const t = tensor(bytes, [2, 3]);
    expect(t).toBeInstanceOf(Tensor);
    expect(t.data).toBe(bytes);
    expect([t.shape, t.size, t.rank]).toEqual([[2, 3], 6, 2]);
    expect(tensor(bytes).shape).toEqual([6]);
  });

  test("takes nested arrays, also with typed rows, as floats in row-major order", () => {
    const t = tensor([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 0.1],
      ],
    ]);
    expect(t.data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 0.1));
    expect(t.shape).toEqual([2, 2, 2]);
    expect(tensor([Uint8Array.of(1, 2, 3), [4, 5, 6]]).toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(tensor([1, 2, 3]).shape).toEqual([3]);
    expect(tensor([NaN, -Infinity, -0]).data).toEqual(Float32Array.of(NaN, -Infinity, -0));
  });

  test("reshapes another tensor over the same data", () => {
    const t = tensor([1, 2, 3, 4]);
    expect(tensor(t).shape).toEqual([4]);
    expect(tensor(t, [2, 2]).data).toBe(t.data);
  });

  test("infers one extent from -1", () => {
    expect(tensor(new Uint8Array(12), [-1, 4]).shape).toEqual([3, 4]);
    expect(tensor(new Uint8Array(0), [-1, 4]).shape).toEqual([0, 4]);
    expect(() => tensor(new Uint8Array(11), [-1, 4])).toThrow(
      "tensor: shape must have room for exactly the 11 numbers of data. Received: shape=[-1, 4].",
    );
    expect(() => tensor(new Uint8Array(0), [-1, 0])).toThrow("must have room for exactly the 0 numbers");
    expect(() => tensor(new Uint8Array(4), [-1, -1])).toThrow("at most one of them -1");
  });

  test("allows empty axes and rank 0", () => {
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    expect(tensor([[], []]).toArray()).toEqual([[], []]);
    const scalar = tensor(Float32Array.of(7), []);
    expect([scalar.rank, scalar.size, scalar.at(), scalar.toArray()]).toEqual([0, 1, 7, 7]);
  });

  test("has an immutable shape, independent of the array it was given", () => {
    const shape = [2, 2];
    const t = tensor([1, 2, 3, 4], shape);
    shape[0] = 9;
    expect(t.shape).toEqual([2, 2]);
    expect(() => ((t.shape as number[])[0] = 4)).toThrow(TypeError);
  });

  test.each<[string, unknown, string]>([
    [
      "nothing",
      undefined,
      "tensor: data must be a Tensor, a typed array or nested arrays of numbers. Received: data=undefined.",
    ],
    ["64-bit integers", BigInt64Array.of(1n), "data must be a Tensor"],
    ["a string", "12", "data must be a Tensor"],
    ["a non-number", [1, "2"], 'tensor: data[1] must be a number. Received: data[1]="2".'],
    ["a hole", [1, , 3], "tensor: data[1] must be a number. Received: data[1]=undefined."], // eslint-disable-line no-sparse-arrays
    [
      "a nested non-number",
      [
        [1, 2],
        [3, null],
      ],
      "tensor: data[1][1] must be a number. Received: data[1][1]=null.",
    ],
    ["bigints", [1n], "tensor: data[0] must be a number. Received: data[0]=1."],
    ["rows of 64-bit integers", [BigInt64Array.of(1n)], "data[0] must be a number"],
    ["a row too many deep", [1, [2]], "tensor: data[1] must be a number. Received: data[1]=[2]."],
    ["a number among rows", [[1], 2], "tensor: data[1] must be an array, as data[0] is. Received: data[1]=2."],
    ["typed rows among matrices", [[[1]], [Float32Array.of(1)], Float32Array.of(1)], "data[2][0] must be an array"],
    [
      "ragged rows",
      [[1, 2], [3]],
      "tensor: rows must have equal lengths: data[1] must have 2 elements. Received: data[1].length=1.",
    ],
    ["ragged inner rows", [[[1, 2]], [[1, 2, 3]]], "data[1][0] must have 2 elements. Received: data[1][0].length=3."],
  ])("refuses %s", (_, data, message) => {
    expect(() => tensor(data as DataLike)).toThrow(message);
  });

  test("refuses arrays that contain themselves", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => tensor(loop as DataLike)).toThrow("nested at most 8 deep");
  });

  test("refuses impossible shapes", () => {
    for (const shape of [[3], [2, 3], [], [2.5, 2], [-2, -2], [NaN], [Infinity]]) {
      expect(() => tensor([1, 2, 3, 4], shape)).toThrow(RangeError);
    }
  });
});

describe("at", () => {
  const t = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  test("reads one number, counting negative indices from the end", () => {
    expect([t.at(0, 0), t.at(1, 0), t.at(0, 2), t.at(-1, -1), t.at(-2, 1)]).toEqual([1, 4, 3, 6, 2]);
  });

  test("refuses what is outside", () => {
    expect(() => t.at(2, 0)).toThrow(
      "Tensor.at: the index on axis 0 must be an integer in [-2, 2). Received: indices=[2, 0].",
    );
    expect(() => t.at(0, -4)).toThrow("axis 1");
    expect(() => t.at(0.5, 0)).toThrow(RangeError);
    expect(() => t.at(1)).toThrow("Tensor.at: one index for each of the 2 axes. Received: indices=[1].");
  });
});

describe("argMax", () => {
  const t = tensor([
    [1, 9, 3],
    [4, 5, 6],
  ]);

  test("is along the last axis by default", () => {
    expect(t.argMax().data).toEqual(Int32Array.of(1, 2));
    expect(t.argMax().shape).toEqual([2]);
    expect(t.argMax(0).toArray()).toEqual([1, 0, 1]);
    expect(t.argMax(-2).toArray()).toEqual([1, 0, 1]);
    expect(tensor([3, 8, 1]).argMax().toArray()).toBe(1);
  });

  test("works along an inner axis", () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => (i * 7) % 24);
    const cube = tensor(data, [2, 3, 4]);
    const got = cube.argMax(1);
    expect(got.shape).toEqual([2, 4]);
    for (let i = 0; i < 2; i++) {
      for (let k = 0; k < 4; k++) {
        const column = [0, 1, 2].map((j) => cube.at(i, j, k));
        expect(got.at(i, k)).toBe(column.indexOf(Math.max(...column)));
      }
    }
  });

  test("takes the first of equals and counts NaN as the largest", () => {
    expect(tensor([2, 5, 5]).argMax().at()).toBe(1);
    expect(tensor([9, NaN, 3, NaN]).argMax().at()).toBe(1);
    expect(tensor([-Infinity, -Infinity]).argMax().at()).toBe(0);
  });

  test("refuses axes that do not exist or are empty", () => {
    expect(() => t.argMax(2)).toThrow("Tensor.argMax: axis must be an integer in [-2, 2). Received: axis=2.");
    expect(() => tensor([[], []]).argMax()).toThrow("axis -1 must not be empty");
    expect(tensor([[], []]).argMax(0).shape).toEqual([0]);
  });
});
