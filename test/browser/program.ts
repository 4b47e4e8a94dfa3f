/** What Node and the browser both run, from the library's sources: results whose bits have to agree. */
import { createEngine } from "../../src/runtime/engine.js";
import { cos, exp, expm1, log, log1p, pow, tanh } from "../../src/runtime/math.js";

/** SHA-256 of the bytes of an array, in hexadecimal. Needs a secure context, which a page on 127.0.0.1 is. */
export async function sha256(values: ArrayBufferView<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", values));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Every result of this file. */
export async function hashes(): Promise<Record<string, string>> {
  return await hashKernels();
}

/** Long chains of rounding in the deterministic build's kernels and in the portable scalar functions. */
async function hashKernels(): Promise<Record<string, string>> {
  const engine = createEngine({ deterministic: true });
  const n = 1021;
  const [x, y] = [engine.arena.allocate(n * 4), engine.arena.allocate(n * 4)];
  for (let i = 0; i < n; i++) {
    engine.f32[(x >>> 2) + i] = ((i * 7919) % 1000) / 999 - 0.5;
    engine.f32[(y >>> 2) + i] = 1 / (i + 1);
  }
  for (let step = 0; step < 200; step++) {
    engine.kernels.saxpy(n, 0.37, x, y);
    engine.kernels.sscal(n, 0.9, y);
    engine.f32[x >>> 2] = engine.kernels.sdot(n, x, y);
  }
  const functions = [exp, log, cos, tanh, expm1, log1p, (v: number) => pow(v, 0.37)];
  const scalars = functions.flatMap((f) => Array.from({ length: 500 }, (_, i) => f(0.01 * (i + 1))));
  return {
    build: engine.info.build,
    kernels: await sha256(engine.floats(y, n).slice()),
    scalars: await sha256(Float64Array.from(scalars)),
  };
}
