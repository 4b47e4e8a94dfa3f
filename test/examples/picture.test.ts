import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { pixelsOf, savePicture } from "../../examples/support/picture.js";
import { imageLines, sideBySide } from "../../examples/support/terminal.js";

const image = Uint8Array.of(0, 255, 0, 0, 128, 255);

it("draws a specification as SVG and as PNG with text and marks", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lanewise-picture-"));
  try {
    const { svg, png } = await savePicture(
      "deep/curve",
      {
        title: "Loss by epoch",
        data: { values: [0, 1, 2].map((epoch) => ({ epoch, loss: 1 / (epoch + 1) })) },
        mark: "line",
        encoding: { x: { field: "epoch", type: "quantitative" }, y: { field: "loss", type: "quantitative" } },
      },
      folder,
    );
    expect([svg, png]).toEqual([join(folder, "deep/curve.svg"), join(folder, "deep/curve.png")]);
    const text = readFileSync(svg, "utf8");
    expect(text).toContain(">Loss by epoch<");
    expect(text).toMatch(/<path[^>]* stroke="#1565c0"/);
    const bytes = readFileSync(png);
    expect([...bytes.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    // Twice the units of the SVG.
    const [, width] = /width="(\d+)"/.exec(text)!;
    expect(bytes.readUInt32BE(16)).toBe(2 * Number(width));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("lists the pixels that are not blank", () => {
  expect(pixelsOf(image, 2, { digit: 7 })).toEqual([
    { digit: 7, column: 1, row: 0, ink: 1 },
    { digit: 7, column: 0, row: 2, ink: 128 / 255 },
    { digit: 7, column: 1, row: 2, ink: 1 },
  ]);
});

it("shows images on a terminal, two rows in a line", () => {
  expect(imageLines(image, 2, false)).toEqual([" ▒", "░▒"]);
  expect(imageLines(image.subarray(0, 4), 2, true)).toEqual([
    "\x1b[38;2;0;0;0m\x1b[48;2;0;0;0m▀\x1b[38;2;255;255;255m\x1b[48;2;0;0;0m▀\x1b[0m",
  ]);
  expect(
    sideBySide(
      [
        ["a", "b"],
        ["c", "d"],
      ],
      1,
    ),
  ).toBe("a c\nb d");
});
