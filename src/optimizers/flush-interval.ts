/** As many updates as a moving average may go without being freed of what is too small. */
const LONGEST = 64;
/** What may be left of an average after an interval: 2^-110, which the kernel keeps, is then 2^-126, still normal. */
const LEFT = 1 / 65536;

/**
 * Updates from one `flushTiny` of a moving average to the next, if each leaves `decay` of it: so few that nothing which
 * the kernel keeps can become subnormal before the next one. A power of two up to 64 (64 for 0.85 to 1, 16 for 0.5), so
 * that whatever a scheduled decay does, every 64th update is one of them. The pass over memory costs a hundredth of a
 * step.
 */
export function flushInterval(decay: number): number {
  if (decay === 0) return LONGEST; // nothing is carried on
  let interval = 1;
  for (let left = decay * decay; left >= LEFT && interval < LONGEST; left *= left) interval *= 2;
  return interval;
}
