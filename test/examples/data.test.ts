import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { loadFashionMnist } from "../../examples/support/fashion-mnist.js";
import { loadMnist } from "../../examples/support/mnist.js";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function countLabels(labels: Uint8Array): number[] {
  const counts = new Array<number>(10).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
}

describe("MNIST", () => {
  it("has the published images and labels", () => {
    const { train, test } = loadMnist();
    expect(train.images.shape).toEqual([60000, 28, 28]);
    expect(test.images.shape).toEqual([10000, 28, 28]);
    expect([...train.labels.data.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect([...test.labels.data.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    expect(countLabels(train.labels.data)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    const mean = train.images.data.reduce((sum, pixel) => sum + pixel, 0) / train.images.data.length / 255;
    expect(mean).toBeCloseTo(0.1307, 4);
  });
});

describe("Fashion-MNIST", () => {
  it("is the pinned split: no image twice, none without a label of its own", () => {
    const { train, test } = loadFashionMnist();
    expect([train.images.shape, test.images.shape]).toEqual([
      [59945, 28, 28],
      [10000, 28, 28],
    ]);
    for (const count of countLabels(test.labels.data)) expect(Math.abs(count - 1000)).toBeLessThanOrEqual(2);
    const seen = new Set<string>();
    for (const { images } of [train, test]) {
      for (let start = 0; start < images.data.length; start += 784) {
        seen.add(Buffer.from(images.data.buffer, images.data.byteOffset + start, 784).toString("latin1"));
      }
    }
    expect(seen.size).toBe(69945);
    expect(sha256(test.images.data)).toBe("175a426a456905eff42acbf9e94ff1ab156ef8d7bbaae9a26e812e60f244c388");
    expect(sha256(test.labels.data)).toBe("d8abf322f95bed751cf7abe3c28d2e476cd70dfec806448c9a783f3f6088a123");
  });
});
