/** Results as lines of a table. */
import type { Result } from "./case.js";

export const HEADINGS = line("", "fastest tenth", "median", "slowest tenth", "rate", "of limit");

function line(name: string, ...columns: string[]): string {
  const widths = [15, 12, 15, 19, 10];
  return name.padEnd(44) + columns.map((text, i) => text.padStart(widths[i]!)).join("");
}

function time(ms: number): string {
  if (ms === 0) return "";
  if (ms >= 1) return `${ms.toPrecision(4)} ms`;
  return ms >= 1e-3 ? `${(ms * 1e3).toPrecision(4)} us` : `${(ms * 1e6).toPrecision(3)} ns`;
}

/** A result as a line; with several builds in a table, their names too. */
export function lineOf(result: Result, withBuild = false): string {
  const { name, build, fastest, median, slowest, rate, unit, ofLimit } = result;
  return line(
    withBuild && build !== "all" ? `${name} (${build})` : name,
    time(fastest),
    time(median),
    time(slowest),
    rate === undefined ? "" : `${rate.toPrecision(4)} ${unit}`,
    ofLimit === undefined ? "" : `${(100 * ofLimit).toFixed(0)} %`,
  );
}
