import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { auroc, meanAndStd } from "../../examples/support/gallery.js";
import { noChromium, photograph } from "../browser/chromium.js";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lanewise-gallery-"));
const start = process.cwd();
const lines: string[] = [];

beforeAll(async () => {
  process.chdir(folder);
  process.argv.push("--tiny");
  vi.resetModules();
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => void lines.push(values.join(" ")));
  try {
    await import("../../examples/gallery.js");
  } finally {
    log.mockRestore();
    process.argv.pop();
    process.chdir(start);
  }
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true }));

/** Names of the examples that draw pictures. */
const names = readdirSync(examples)
  .filter((file) => file.endsWith(".ts") && file !== "gallery.ts" && file !== "mnist.ts")
  .map((file) => file.slice(0, -3));

describe("the gallery", () => {
  it.each(names)("%s draws a picture and prints a result", (name) => {
    expect(lines.some((line) => line.includes(`npm run example -- ${name})`))).toBe(true);
    const svg = readFileSync(join(folder, "runs", `${name}.svg`), "utf8");
    expect(svg).not.toContain("NaN");
    expect(svg.match(/<(path|circle|rect)/g)!.length).toBeGreaterThan(10);
    expect(existsSync(join(folder, "runs", `${name}.png`))).toBe(true);
    expect(readFileSync(join(examples, `${name}.ts`), "utf8").split("\n").length).toBeLessThanOrEqual(101);
  });

  it("has them all on its page, and what they printed", () => {
    const page = readFileSync(join(folder, "runs", "index.html"), "utf8");
    for (const name of names) expect(page).toContain(`<section id="${name}">`);
    expect(page.match(/<svg /g)).toHaveLength(names.length);
    expect(lines.filter((line) => line.startsWith("  ")).length).toBeGreaterThan(2 * names.length);
  });

  it.skipIf(noChromium !== undefined)("is shown by a browser, without a word on the console", async () => {
    const { png, messages } = await photograph(pathToFileURL(join(folder, "runs", "index.html")).href);
    expect(messages).toEqual([]);
    const colours = coloursOf(png);
    expect(colours.size).toBeGreaterThan(50);
    // The blue and the orange of the first lines.
    expect(colours.has(0x1565c0)).toBe(true);
    expect(colours.has(0xef6c00)).toBe(true);
  });

  it.skipIf(noChromium !== undefined)("would be caught with an error on its page", async () => {
    const { messages } = await photograph("data:text/html,<script>undefined.x</script>", { width: 200, height: 200 });
    expect(messages.join()).toMatch(/Cannot read properties of undefined/);
  });
});

it("computes areas and spreads", () => {
  expect(auroc([1, 2, 3], [4, 5])).toBe(1);
  expect(auroc([4, 5], [1, 2, 3])).toBe(0);
  expect(auroc([1, 2], [1, 2])).toBe(0.5);
  expect(meanAndStd([1, 2, 3])).toEqual({ mean: 2, std: 1 });
});

/** Colours of the pixels of a PNG of 8 bits per channel, not interlaced. */
function coloursOf(png: Uint8Array): Set<number> {
  const bytes = Buffer.from(png);
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const channels = bytes[25] === 6 ? 4 : 3;
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const rows = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]!;
    for (let i = 0; i < stride; i++) {
      const left = i >= channels ? rows[y * stride + i - channels]! : 0;
      const above = y > 0 ? rows[(y - 1) * stride + i]! : 0;
      const corner = i >= channels && y > 0 ? rows[(y - 1) * stride + i - channels]! : 0;
      rows[y * stride + i] = raw[y * (stride + 1) + 1 + i]! + predicted(filter, left, above, corner);
    }
  }
  const colours = new Set<number>();
  for (let i = 0; i < rows.length; i += channels) colours.add((rows[i]! << 16) | (rows[i + 1]! << 8) | rows[i + 2]!);
  return colours;
}

/** The filters of PNG: none, left, above, average, Paeth. */
function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter < 3) return [0, left, above][filter]!;
  if (filter === 3) return (left + above) >> 1;
  const [a, b, c] = [left, above, corner].map((value) => Math.abs(left + above - corner - value)) as [
    number,
    number,
    number,
  ];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}
