/** Comparison of floats that is strict where others let errors pass: NaN, infinities and the sign of zero. */

const scratch = new DataView(new ArrayBuffer(4));

/** The bits of the f32 nearest to x. */
export function bitsOf(x: number): number {
  scratch.setFloat32(0, x);
  return scratch.getUint32(0);
}

/** One unit in the last place of the f32 nearest to x; of the smallest normal number where x is below it. */
export function ulpOf(x: number): number {
  const exponent = Math.min(Math.max((bitsOf(x) >>> 23) & 255, 1), 254);
  return 2 ** (exponent - 127 - 23);
}

/** Error of got against a float64 reference in units in the last place; 0 if both are the same NaN or infinity. */
export function ulpError(got: number, reference: number): number {
  if (Number.isNaN(reference)) return Number.isNaN(got) ? 0 : Infinity;
  if (Number.isNaN(got)) return Infinity;
  const rounded = Math.fround(reference);
  if (!Number.isFinite(rounded)) return got === rounded ? 0 : Infinity;
  if (!Number.isFinite(got)) return Infinity;
  return Math.abs(got - reference) / ulpOf(reference);
}

/** Index of the first pair that differs in any bit (all NaN count as one value), or -1. */
export function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return i;
  return -1;
}

/** Throws unless |got - want| <= absolute + relative * |want| everywhere; NaN matches NaN only, infinities by sign. */
export function expectClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { relative = 0, absolute = 0, label = "" }: { relative?: number; absolute?: number; label?: string },
): void {
  if (got.length !== want.length) throw new Error(`${label} lengths differ: ${got.length} and ${want.length}`);
  for (let i = 0; i < want.length; i++) {
    const g = got[i]!;
    const w = want[i]!;
    const same = Object.is(g, w) || g === w || (Number.isNaN(g) && Number.isNaN(w));
    if (same) continue;
    if (!(Math.abs(g - w) <= absolute + relative * Math.abs(w)) || !Number.isFinite(w)) {
      throw new Error(`${label} [${i}]: got ${g}, expected ${w} within ${relative} relative + ${absolute} absolute`);
    }
  }
}
