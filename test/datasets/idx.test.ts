import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/check.js";
import { datasets } from "../../src/datasets/index.js";
import { tensor } from "../../src/tensor.js";

const { idx } = datasets;

function file(type: number, shape: number[], payload: number[]): Uint8Array {
  const axes = shape.flatMap((axis) => [axis >>> 24, (axis >>> 16) & 255, (axis >>> 8) & 255, axis & 255]);
  return Uint8Array.from([0, 0, type, shape.length, ...axes, ...payload]);
}

describe("idx", () => {
  it("reads every type, most significant byte first", () => {
    expect(idx(file(0x08, [2], [0, 255]))).toEqual(tensor(Uint8Array.of(0, 255)));
    expect(idx(file(0x09, [2], [1, 255])).data).toEqual(Int8Array.of(1, -1));
    expect(idx(file(0x0b, [2], [1, 2, 255, 254])).data).toEqual(Int16Array.of(258, -2));
    expect(idx(file(0x0c, [1], [255, 255, 255, 0])).data).toEqual(Int32Array.of(-256));
    expect(idx(file(0x0d, [1], [0xc0, 0x48, 0, 0])).data).toEqual(Float32Array.of(-3.125));
    expect(idx(file(0x0e, [1], [0x3f, 0xf0, 0, 0, 0, 0, 0, 1])).data).toEqual(Float64Array.of(1 + Number.EPSILON));
  });

  it("reads several axes, zero lengths, and bytes that start anywhere, without copying single bytes", () => {
    expect(idx(file(0x08, [1, 2, 3], [1, 2, 3, 4, 5, 6])).shape).toEqual([1, 2, 3]);
    expect(idx(file(0x0d, [0, 28], []))).toEqual(tensor(new Float32Array(0), [0, 28]));
    const shifted = new Uint8Array([9, ...file(0x0b, [1], [1, 0])]).subarray(1);
    expect(idx(shifted).data).toEqual(Int16Array.of(256));
    const bytes = file(0x08, [3], [1, 2, 3]);
    expect(idx(bytes).data.buffer).toBe(bytes.buffer);
  });

  it.each([
    ["too short", Uint8Array.of(0, 0, 8), /idx: the header must have at least 4 bytes. Received: byteLength=3./],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0, 0), /the first two bytes must be 0 \(is the file still compressed\?\)/],
    ["an unknown type", file(0x0a, [1], [1]), /type must be one of 0x08, 0x09, 0x0b, .*Received: type=0x0a/],
    ["no axis", file(0x08, [], [1]), /at least one axis/],
    ["a cut header", file(0x08, [1, 2], []).subarray(0, 9), /the header of 2 axes must have 12 bytes/],
    ["a cut payload", file(0x0c, [2], [0, 0, 0, 1]), /shape \[2\] must have 16 bytes. Received: byteLength=12./],
    ["trailing bytes", file(0x08, [1], [1, 2]), /must have 9 bytes. Received: byteLength=10./],
    ["axes beyond any memory", file(0x0e, [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], []), FormatError],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => idx(bytes)).toThrow(message);
    expect(() => idx(bytes)).toThrow(FormatError);
  });

  it("refuses what is no Uint8Array", () => {
    expect(() => idx([0, 0, 8, 1] as unknown as Uint8Array)).toThrow(TypeError);
  });

  it("answers any bytes with rows or a FormatError", () => {
    const good = file(0x0b, [2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    for (let at = 0; at < 12; at++) {
      for (let value = 0; value < 256; value++) {
        const bytes = good.slice();
        bytes[at] = value;
        try {
          const { shape, data } = idx(bytes);
          expect(shape.reduce((product, axis) => product * axis, 1)).toBe(data.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }
  });
});
