import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const major = Number(process.versions.node.split(".")[0]);

export default defineConfig({
  // Examples import the package by its name; here that is its sources.
  resolve: { alias: { lanewise: fileURLToPath(new URL("src/index.ts", import.meta.url)) } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: process.env["LANEWISE_SLOW"] ? [] : ["test/**/*.slow.test.ts"],
    setupFiles: ["test/threads.setup.ts"],
    testTimeout: 60_000,
    pool: "forks",
    // Node 20 accepts relaxed SIMD behind a flag that later versions no longer know.
    execArgv: major < 22 ? ["--experimental-wasm-relaxed-simd"] : [],
  },
});
