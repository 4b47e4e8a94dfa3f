/**
 * The f32 constants that a kernel file declares, so that the scalar twins share the numbers (which the float64
 * references check) and restate only the order of operations.
 */
import { readFileSync } from "node:fs";

export type Constants = Readonly<Record<string, number>>;

/** Every `const NAME = memory.data<f32>([number])` of a file in assembly/. Reading an undeclared name throws. */
export function constantsOf(path: string): Constants {
  const source = readFileSync(new URL(`../../assembly/${path}`, import.meta.url), "utf8");
  const found: Record<string, number> = {};
  for (const [, name, text] of source.matchAll(/const (\w+) = memory\.data<f32>\(\[([^\]]+)\]\)/g)) {
    found[name!] = Math.fround(Number(text));
  }
  return new Proxy(found, {
    get(target, name) {
      const value = target[name as string];
      if (value === undefined || Number.isNaN(value)) throw new Error(`${path} declares no constant ${String(name)}`);
      return value;
    },
  });
}
