import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { dispose } from "../../src/index.js";
import { chromium, noChromium } from "./chromium.js";
import { firefox, noFirefox } from "./firefox.js";
import { runInBrowser, type PageOptions } from "./page.js";
import { hashes } from "./program.js";

/** Bundles a module that imports program.ts for browsers; a Node import anywhere below it fails here. */
async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

// The program starts the engine that models share, which the tests' setup may have done with several threads.
dispose();

const browsers = [
  { browser: chromium, missing: noChromium },
  { browser: firefox, missing: noFirefox },
];

describe.each(browsers)("headless $browser.name", ({ browser, missing }) => {
  const test = it.skipIf(missing !== undefined);
  const note = missing === undefined ? "" : ` (${missing})`;

  async function inPage(expression: string, options?: PageOptions): Promise<unknown> {
    const imports = `import * as program from "./program.js"; declare const report: (value: unknown) => void;`;
    return runInBrowser(browser, await bundle(`${imports} report(await ${expression});`), options);
  }

  test(`gives the bits that Node gives${note}`, { timeout: 60_000 }, async () => {
    expect(await inPage("program.hashes()")).toEqual(await hashes());
  });

  test("runs under a policy that allows WebAssembly, and names the missing word where none does", async () => {
    const expected = await hashes();
    const allowing = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:";
    expect(await inPage("program.hashes()", { contentSecurityPolicy: allowing })).toEqual(expected);
    const forbidding = "default-src 'self'; img-src data:";
    const message = "program.hashes().catch((error: Error) => error.message)";
    expect(await inPage(message, { contentSecurityPolicy: forbidding })).toMatch(
      /add 'wasm-unsafe-eval' to script-src/,
    );
  });

  test("works with threads on an isolated page, and with one where it is not isolated", async () => {
    const three = "program.hashes({ threads: 3 }).then((found) => ({ ...found, threads: program.info().threads }))";
    expect(await inPage(three)).toEqual({ ...(await hashes()), threads: 3 });
    const refused = "program.hashes({ threads: 3 }).then(() => program.info().refused.threads)";
    expect(await inPage(refused, { isolated: false })).toMatch(/not cross-origin isolated|no SharedArrayBuffer/);
  });

  test("tells an error of the page and a browser that cannot work", async () => {
    await expect(runInBrowser(browser, "throw new Error('boom');")).rejects.toThrow(/In the page: Error: boom/);
    await expect(runInBrowser(browser, "", { timeoutMs: 1500 })).rejects.toThrow(/reported nothing within 1500 ms/);
  });
});
