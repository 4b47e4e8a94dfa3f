/** Shape of one sample, without the batch axis. */
export type Shape = readonly number[];

export function sizeOf(shape: Shape): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[batch, 28, 28]`: how error messages and summaries write a shape. */
export function showShape(shape: Shape): string {
  return `[${["batch", ...shape].join(", ")}]`;
}

/** A shape as rows of its last axis: [how many, how wide]. */
export function rowsOf(shape: Shape): [positions: number, width: number] {
  return [sizeOf(shape.slice(0, -1)), shape.at(-1) ?? 1];
}
