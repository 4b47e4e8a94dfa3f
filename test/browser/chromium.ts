/** A headless Chromium that comes with an npm package, so that a new machine needs nothing but `npm install`. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium as driver } from "playwright-core";
import type { Browser } from "./page.js";

/** Why there is no Chromium here, or undefined where there is one. The package carries a Linux x86-64 binary. */
export const noChromium: string | undefined =
  process.platform === "linux" && process.arch === "x64"
    ? undefined
    : `@sparticuz/chromium has no binary for ${process.platform}-${process.arch}`;

/** The folder that the package is in, found from wherever this file is bundled to. */
const nodeModules = createRequire(import.meta.url)
  .resolve.paths("@sparticuz/chromium")!
  .find((folder) => existsSync(join(folder, "@sparticuz", "chromium")))!;

/**
 * Unpacks the package's browser, fonts and shared libraries (NSS, NSPR, Expat: a bare machine lacks them) once per
 * version, and returns their folder. The package unpacks to the temporary folder, and its libraries only where it
 * believes to be on AWS Lambda: so it runs in a process with those two variables set, and the result is renamed into
 * place, whole or not at all.
 */
async function unpack(): Promise<string> {
  const manifest = readFileSync(join(nodeModules, "@sparticuz/chromium/package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  const cache = join(nodeModules, ".cache", "chromium");
  const folder = join(cache, version);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const partial = mkdtempSync(join(cache, "unpacking-"));
  const script = 'import chromium from "@sparticuz/chromium"; await chromium.executablePath();';
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: nodeModules,
    env: { ...process.env, TMPDIR: partial, AWS_LAMBDA_JS_RUNTIME: "nodejs20.x" },
  });
  try {
    renameSync(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // else another process was first, with the same files
    rmSync(partial, { recursive: true });
  }
  return folder;
}

/** Variables with which the browser finds its fonts and libraries. */
function environment(folder: string, home: string): Record<string, string> {
  const libraries = [join(folder, "al2023", "lib"), process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":");
  const own = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(own), HOME: home, FONTCONFIG_PATH: join(folder, "fonts"), LD_LIBRARY_PATH: libraries };
}

export const chromium: Browser = {
  name: "Chromium",
  async command(url, profile) {
    const folder = await unpack();
    const always = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];
    return {
      file: join(folder, "chromium"),
      args: [...always, `--user-data-dir=${profile}`, url],
      env: environment(folder, profile),
    };
  },
};

/** Opens a page and returns its screenshot as PNG, and the errors and warnings that it wrote on the console or threw. */
export async function photograph(
  url: string,
  { width = 1000, height = 1400 } = {},
): Promise<{ png: Uint8Array; messages: string[] }> {
  const folder = await unpack();
  const browser = await driver.launch({
    executablePath: join(folder, "chromium"),
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--headless", "--single-process", "--no-zygote"],
    env: environment(folder, tmpdir()),
  });
  try {
    const page = await browser.newPage({ viewport: { width, height } });
    const messages: string[] = [];
    page.on("pageerror", (error) => messages.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") messages.push(message.text());
    });
    await page.goto(url);
    return { png: await page.screenshot(), messages };
  } finally {
    await browser.close();
  }
}
