/** Images on a terminal, two pixels in each character cell. */

const SHADES = " ░▒▓█";

/** Whether the terminal shows 24-bit colours: decided as most programs do, NO_COLOR first. */
function hasTrueColor(): boolean {
  const { NO_COLOR, COLORTERM } = process.env;
  return !NO_COLOR && process.stdout.isTTY === true && /truecolor|24bit/.test(COLORTERM ?? "");
}

/**
 * The lines of an image of bytes: half blocks in shades of grey where the terminal has them, else characters of
 * increasing darkness, each for two pixels, one above the other.
 */
export function imageLines(image: Uint8Array, width: number, trueColor = hasTrueColor()): string[] {
  const lines: string[] = [];
  const grey = (ink: number): string => `${ink};${ink};${ink}`;
  for (let top = 0; top < image.length; top += 2 * width) {
    let line = "";
    for (let x = top; x < top + width; x++) {
      const [upper, lower] = [image[x]!, image[x + width] ?? 0];
      line += trueColor
        ? `\x1b[38;2;${grey(upper)}m\x1b[48;2;${grey(lower)}m▀`
        : SHADES[Math.min(Math.floor(((upper + lower) / 2 / 256) * SHADES.length + 0.5), SHADES.length - 1)]!;
    }
    lines.push(trueColor ? `${line}\x1b[0m` : line);
  }
  return lines;
}

/** Joins blocks of lines of equal height side by side. */
export function sideBySide(blocks: string[][], gap = 2): string {
  const height = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: height }, (_, i) => blocks.map((block) => block[i] ?? "").join(" ".repeat(gap))).join(
    "\n",
  );
}

/** The image without so many rows and columns at each edge. */
export function crop(image: Uint8Array, width: number, margin: number): Uint8Array {
  const height = image.length / width;
  const rows = Array.from({ length: height - 2 * margin }, (_, row) => {
    const start = (row + margin) * width;
    return [...image.subarray(start + margin, start + width - margin)];
  });
  return Uint8Array.from(rows.flat());
}
