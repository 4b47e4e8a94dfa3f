/**
 * A headless Chromium that comes with an npm package, so that a new machine needs nothing but `npm install`. It is
 * driven without a driver: the page posts what it has to say to the server that served it.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

/** Why there is no Chromium here, or undefined where there is one. The package carries a Linux x86-64 binary. */
export const noChromium: string | undefined =
  process.platform === "linux" && process.arch === "x64"
    ? undefined
    : `@sparticuz/chromium has no binary for ${process.platform}-${process.arch}`;

const nodeModules = fileURLToPath(new URL("../../node_modules/", import.meta.url));

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

async function launch(url: string, profile: string, flags: string[]): Promise<ChildProcess> {
  const folder = await unpack();
  const always = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];
  return spawn(join(folder, "chromium"), [...always, `--user-data-dir=${profile}`, ...flags, url], {
    env: environment(folder, profile),
    stdio: ["ignore", "ignore", "pipe"],
    detached: true, // a process group of its own, so that its helpers end with it
  });
}

/** Ends the browser and its helper processes. */
function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const running = child.exitCode === null && child.signalCode === null;
  const exited = running && child.pid !== undefined ? once(child, "exit") : undefined;
  kill(child);
  await exited;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** What a page is served with. */
export interface PageOptions {
  /** Send the headers that make the page cross-origin isolated, as shared memory needs. Default true. */
  isolated?: boolean;
  /** The Content-Security-Policy header. Default: none. */
  contentSecurityPolicy?: string;
  /** Milliseconds until the page is given up. Default 45 000. */
  timeoutMs?: number;
}

/**
 * Opens a page that imports `script`, an ES module that calls the global `report(value)` once, and returns that value
 * (as JSON carries it). An error in the page, a rejected promise, a browser that ends and a page that stays silent are
 * all thrown.
 */
export async function runInChromium(script: string, options: PageOptions = {}): Promise<unknown> {
  const { isolated = true, contentSecurityPolicy, timeoutMs = 45_000 } = options;
  const reporter = `
    const post = (body) => fetch("/report", { method: "POST", body: JSON.stringify(body) });
    globalThis.report = (value) => post({ value });
    addEventListener("error", (event) => post({ error: String(event.error?.stack ?? event.message) }));
    addEventListener("unhandledrejection", (event) => post({ error: String(event.reason?.stack ?? event.reason) }));`;
  const files: Record<string, [type: string, body: string]> = {
    "/": [
      "text/html",
      `<!doctype html><meta charset="utf-8"><title>lanewise</title><link rel="icon" href="data:,">` +
        `<script src="/reporter.js"></script><script type="module" src="/script.js"></script>`,
    ],
    "/reporter.js": ["text/javascript", reporter],
    "/script.js": ["text/javascript", script],
  };

  let settle: (report: { value?: unknown; error?: string }) => void = () => {};
  const reported = new Promise<{ value?: unknown; error?: string }>((resolve) => (settle = resolve));
  const server = createServer((request, response) => {
    if (request.method === "POST") {
      void bodyOf(request).then((body) => {
        response.end();
        settle(JSON.parse(body) as { value?: unknown; error?: string });
      });
      return;
    }
    const file = files[request.url ?? ""];
    response.statusCode = file === undefined ? 404 : 200;
    response.setHeader("content-type", `${file?.[0] ?? "text/plain"}; charset=utf-8`);
    if (isolated) {
      response.setHeader("cross-origin-opener-policy", "same-origin");
      response.setHeader("cross-origin-embedder-policy", "require-corp");
    }
    if (contentSecurityPolicy !== undefined) response.setHeader("content-security-policy", contentSecurityPolicy);
    response.end(file?.[1] ?? "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  const profile = mkdtempSync(join(tmpdir(), "lanewise-chromium-"));
  const child = await launch(url, profile, []);
  const killNow = (): void => kill(child);
  process.once("exit", killNow);
  let log = "";
  child.stderr?.on("data", (text: Buffer) => (log = (log + text.toString()).slice(-2000)));
  child.once("error", (error) => settle({ error: `Chromium did not start: ${error.message}` }));
  child.once("exit", (code, signal) =>
    settle({ error: `Chromium ended (${code ?? signal}) before the page reported.\n${log}` }),
  );
  const timer = setTimeout(
    () => settle({ error: `the page reported nothing within ${timeoutMs} ms.\n${log}` }),
    timeoutMs,
  );
  try {
    const report = await reported;
    if (report.error !== undefined) throw new Error(`In the page: ${report.error}`);
    return report.value;
  } finally {
    clearTimeout(timer);
    await stop(child);
    process.off("exit", killNow);
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Opens a page and returns its screenshot as PNG, and the errors and warnings that it wrote on the console or threw. */
export async function photograph(
  url: string,
  { width = 1000, height = 1400 } = {},
): Promise<{ png: Uint8Array; messages: string[] }> {
  const folder = await unpack();
  const browser = await chromium.launch({
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
