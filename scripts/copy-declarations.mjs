// The compiler's declarations of the Wasm modules belong beside the compiled TypeScript that imports their types.
import { copyFileSync, mkdirSync } from "node:fs";

mkdirSync("dist/build", { recursive: true });
for (const name of ["relaxed", "math", "unpack"]) copyFileSync(`build/${name}.d.ts`, `dist/build/${name}.d.ts`);
