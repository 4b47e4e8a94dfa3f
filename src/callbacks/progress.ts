import { checkChoice } from "../check.js";
import { boolean, callable, optional, readOptions } from "../options.js";
import type { Callback, CallbackContext, Logs } from "./callback.js";

export interface ProgressOptions {
  /** 1: a line with a bar, redrawn as the epoch runs. 2: a plain line per epoch. Default 1. */
  verbose?: 1 | 2;
  /** Takes text as a terminal does: "\r" goes back to the start of the line. Default standard output, or the console. */
  write?(text: string): void;
  /** Whether lines can be redrawn; where not, verbose 1 is verbose 2. Default: whether standard output is a terminal. */
  terminal?: boolean;
  /** Milliseconds since any moment. Default performance.now. */
  now?(): number;
}

interface Output {
  isTTY?: boolean;
  write(text: string): void;
}

/** Cells of the bar. */
const BAR = 24;
/** Milliseconds between two drawings. */
const REDRAW = 100;
/** Erases what an earlier, longer drawing left at the end of the line. */
const ERASE = "\x1b[K";

/** Shows each epoch in a line: a bar, steps done, time per step, time left, and the logs. */
export function progress(options: ProgressOptions = {}): Callback {
  const where = "callbacks.progress";
  const stdout = (globalThis as { process?: { stdout?: Output } }).process?.stdout;
  const given = readOptions(where, options, {
    verbose: (_where, name, value = 1) => checkChoice(where, name, String(value), ["1", "2"]),
    write: optional(callable<(text: string) => unknown>()),
    terminal: boolean(stdout?.isTTY === true),
    now: optional(callable<() => number>()),
  });
  const { now = () => performance.now() } = given;
  const { write = stdout ? (text) => stdout.write(text) : (text) => console.log(text.trimEnd()) } = given;
  const redraws = given.verbose === "1" && given.terminal;

  let title = "";
  let begun = 0;
  let drawn = 0;
  let batches = 0;
  let unfinished = false;

  const line = (logs: Logs, { steps }: CallbackContext, ended: boolean): string => {
    const elapsed = now() - begun;
    const total = steps ?? (ended ? batches : undefined);
    const perStep = elapsed / Math.max(batches, 1);
    const left = ended || total === undefined ? "" : `  ${clock((total - batches) * perStep)} left`;
    const bar = total === undefined || !redraws ? "" : `  ${drawBar(batches / total)}`;
    const count = total === undefined ? `${batches}` : `${batches}/${total}`;
    const pace = batches === 0 ? clock(elapsed) : `${count}  ${clock(elapsed)}  ${duration(perStep)}/step${left}`;
    const shown = Object.entries(logs).map(([name, value]) => `  ${name} ${digits(value)}`);
    return `${title}${bar}  ${pace}${shown.join("")}`;
  };

  const callback: Callback = {
    onEpochBegin(epoch, { epochs }) {
      title = `Epoch ${String(epoch + 1).padStart(String(epochs).length)}/${epochs}`;
      begun = drawn = now();
      batches = 0;
    },
    onEpochEnd(_epoch, logs, context) {
      if (!redraws) batches = context.steps ?? batches;
      const text = line(logs, context, true);
      write(redraws ? `\r${text}${ERASE}\n` : `${text}\n`);
      unfinished = false;
    },
    onTrainEnd() {
      if (unfinished) write("\n");
      unfinished = false;
    },
  };
  // Hooks of batches cost the logs of every batch: only where they are drawn.
  if (!redraws) return callback;
  return {
    ...callback,
    onBatchEnd(_batch, logs, context) {
      batches++;
      if (now() - drawn < REDRAW) return;
      drawn = now();
      unfinished = true;
      write(`\r${line(logs, context, false)}${ERASE}`);
    },
  };
}

function drawBar(share: number): string {
  const full = Math.round(Math.min(share, 1) * BAR);
  return `[${"=".repeat(full)}${" ".repeat(BAR - full)}]`;
}

/** Four significant digits; small and large numbers with an exponent. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0) return String(value);
  return size < 1e-3 || size >= 1e5 ? value.toExponential(3) : value.toPrecision(4);
}

/** Milliseconds for people: 3.1s, 2m05s, 1h02m. */
function clock(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
}

function duration(ms: number): string {
  return ms < 1 ? `${(ms * 1000).toFixed(0)}us` : ms < 1000 ? `${ms.toFixed(1)}ms` : `${(ms / 1000).toFixed(2)}s`;
}
