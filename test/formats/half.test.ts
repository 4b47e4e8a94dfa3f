import { describe, expect, test } from "vitest";
import { decodeHalf, encodeHalf } from "../../src/formats/half.js";

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value by the definition of the format, in float64. */
function valueOf(dtype: "F16" | "BF16", bits: number): number {
  const [exponentBits, fractionBits] = dtype === "F16" ? [5, 10] : [8, 7];
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

describe.each(["F16", "BF16"] as const)("%s", (dtype) => {
  const values = decodeHalf(dtype, all);
  const [infinity, nan] = dtype === "F16" ? [0x7c00, 0x7e00] : [0x7f80, 0x7fc0];

  test("decodes all 65536 patterns exactly", () => {
    const wrong = all.filter((bits) => !Object.is(values[bits], valueOf(dtype, bits)));
    expect([...wrong]).toEqual([]);
  });

  test("encodes them back; NaN becomes the quiet one of its sign", () => {
    const back = encodeHalf(dtype, values);
    const expected = all.map((bits) => ((bits & 0x7fff) > infinity ? (bits & 0x8000) | nan : bits));
    expect(back.findIndex((bits, i) => bits !== expected[i])).toBe(-1);
  });

  test("rounds to the nearest, ties to even", () => {
    for (const sign of [1, -1]) {
      for (let bits = 0; bits < infinity; bits++) {
        const low = valueOf(dtype, bits);
        // Beyond the largest number the next would be one step further: from the middle on it is infinity.
        const high = bits + 1 === infinity ? 2 * low - valueOf(dtype, bits - 1) : valueOf(dtype, bits + 1);
        const middle = (low + high) / 2;
        const step = 2 ** (Math.floor(Math.log2(middle)) - 23);
        const below = Math.fround(Math.max(middle - step, low));
        const above = Math.fround(Math.min(middle + step, high));
        const got = encodeHalf(dtype, Float32Array.of(sign * below, sign * middle, sign * above));
        const even = bits % 2 === 0 ? bits : bits + 1;
        const expected = [below === middle ? even : bits, even, above === middle ? even : bits + 1];
        const signed = expected.map((word) => (sign < 0 ? word | 0x8000 : word));
        if (got.some((word, i) => word !== signed[i])) expect([bits, ...got]).toEqual([bits, ...signed]);
      }
    }
  });

  test("reads a view at any offset", () => {
    expect(encodeHalf(dtype, Float32Array.of(5, 1, 7).subarray(1, 2))).toEqual(
      Uint16Array.of(dtype === "F16" ? 0x3c00 : 0x3f80),
    );
  });
});
