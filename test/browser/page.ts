/**
 * Runs a script on a page of a browser. The browser is driven without a driver: the page posts what it has to say to the
 * server that served it.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How a browser is started. */
export interface Browser {
  name: string;
  /** The program that opens a page without a window, with a new profile in a folder. */
  command(
    url: string,
    profile: string,
  ): Promise<{ file: string; args: string[]; env: Record<string, string | undefined> }>;
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
export async function runInBrowser(browser: Browser, script: string, options: PageOptions = {}): Promise<unknown> {
  const { isolated = true, contentSecurityPolicy, timeoutMs = 45_000 } = options;
  const reporter = `
    const post = (body) => fetch("/report", { method: "POST", body: JSON.stringify(body) });
    const told = (error) => error + "\\n" + (error?.stack ?? "");
    globalThis.report = (value) => post({ value });
    const tell = (error) => post({ error: told(error) }).catch(() => {}); // nobody listens any more: no rejection anew
    addEventListener("error", (event) => tell(event.error ?? event.message));
    addEventListener("unhandledrejection", (event) => tell(event.reason));`;
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
    const served = files[request.url ?? ""];
    response.statusCode = served === undefined ? 404 : 200;
    response.setHeader("content-type", `${served?.[0] ?? "text/plain"}; charset=utf-8`);
    if (isolated) {
      response.setHeader("cross-origin-opener-policy", "same-origin");
      response.setHeader("cross-origin-embedder-policy", "require-corp");
    }
    if (contentSecurityPolicy !== undefined) response.setHeader("content-security-policy", contentSecurityPolicy);
    response.end(served?.[1] ?? "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  const profile = mkdtempSync(join(tmpdir(), "lanewise-browser-"));
  const { file, args, env } = await browser.command(url, profile);
  const child = spawn(file, args, {
    env,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true, // a process group of its own, so that its helpers end with it
  });
  const killNow = (): void => kill(child);
  process.once("exit", killNow);
  let log = "";
  child.stderr?.on("data", (text: Buffer) => (log = (log + text.toString()).slice(-2000)));
  child.once("error", (error) => settle({ error: `${browser.name} did not start: ${error.message}` }));
  child.once("exit", (code, signal) =>
    settle({ error: `${browser.name} ended (${code ?? signal}) before the page reported.\n${log}` }),
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
