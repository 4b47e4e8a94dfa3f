/**
 * Scalar float64 functions whose bits are the same in every engine, for all numbers that end in weights. Math.exp,
 * log, pow, cos, tanh and ** differ between engines and are banned from src by a lint rule; + - * / and Math.sqrt do not.
 */
import { instantiateSync } from "@assemblyscript/loader";
import type { instantiate } from "../../build/math.js";
import { compile, inlinedBytes } from "./wasm.js";

type PortableMath = Awaited<ReturnType<typeof instantiate>>;

let instance: PortableMath | undefined;

/**
 * Compiles the module now: where compiling is allowed only while a program starts, as in Cloudflare Workers, that is
 * what later uses live on. Says nothing where it is forbidden: what needs it will.
 */
export function prepareMath(): void {
  try {
    portable();
  } catch {
    // the first use throws again, with its reason
  }
}

function portable(): PortableMath {
  instance ??= instantiateSync(compile(inlinedBytes("math")), {}).instance.exports as unknown as PortableMath;
  return instance;
}

export const exp = (x: number): number => portable().exp(x);
export const log = (x: number): number => portable().log(x);
export const pow = (x: number, y: number): number => portable().pow(x, y);
export const log1p = (x: number): number => portable().log1p(x);
