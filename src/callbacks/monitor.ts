/** One log that a callback watches, and which way is better. */
import { nearest, rangeError } from "../check.js";
import { choice, string, type Values } from "../options.js";
import type { CallbackContext, Logs } from "./callback.js";

export interface MonitorOptions {
  /** Name of the log. Default "val_loss". */
  monitor?: string;
  /** Less is better ("min"), more is ("max"), or ask the metric ("auto", the default). */
  mode?: "auto" | "min" | "max";
}

/** How callbacks with a monitor read its options. */
export const MONITOR_OPTIONS = {
  monitor: string("the name of a log", "val_loss"),
  mode: choice(["auto", "min", "max"], "auto"),
};

export class Monitor {
  readonly name: string;
  readonly #where: string;
  readonly #mode: "auto" | "min" | "max";
  /** 1 if more is better, -1 if less is. */
  #sign = 0;
  #seen = false;

  constructor(where: string, { monitor, mode }: Values<typeof MONITOR_OPTIONS>) {
    this.#where = where;
    this.name = monitor;
    this.#mode = mode;
  }

  /** Settles which way is better; throws if nothing tells, or if the log cannot come. */
  begin({ model, validates }: CallbackContext): void {
    this.#seen = false;
    if (validates === false && this.name.startsWith("val_")) {
      throw rangeError(this.#where, "a val_ log needs validationData or validationSplit", "monitor", this.name);
    }
    const log = this.name.replace(/^val_/, "");
    const isLoss = log === "loss" || log.endsWith("_loss");
    const direction = this.#mode === "auto" ? (model.metricDirection(log) ?? (isLoss ? "down" : undefined)) : undefined;
    if (this.#mode === "auto" && direction === undefined) {
      const expected = 'it is not known whether more or less of it is better; give mode: "max" or mode: "min"';
      throw rangeError(this.#where, expected, "monitor", this.name);
    }
    this.#sign = (direction ?? (this.#mode === "max" ? "up" : "down")) === "up" ? 1 : -1;
  }

  /** Whether more is better. */
  get rises(): boolean {
    return this.#sign > 0;
  }

  /**
   * Its value, or undefined if this epoch has none (a val_ log of an epoch without validation). Throws if no epoch can
   * have it.
   */
  valueIn(logs: Logs): number | undefined {
    const value = logs[this.name];
    if (value !== undefined) this.#seen = true;
    const mayComeLater = this.name.startsWith("val_") && this.name.slice(4) in logs;
    if (value !== undefined || this.#seen || mayComeLater) return value;
    const near = nearest(this.name, Object.keys(logs));
    const hint = near === undefined ? "" : ` (did you mean ${JSON.stringify(near)}?)`;
    const expected = `monitor must be one of the logs, ${Object.keys(logs).join(", ")}${hint}`;
    throw rangeError(this.#where, expected, "monitor", this.name);
  }

  /** Whether value beats best by more than minDelta; anything but NaN beats none at all. */
  improves(value: number, best: number | undefined, minDelta = 0): boolean {
    if (Number.isNaN(value)) return false;
    return best === undefined || (this.rises ? value - minDelta > best : value + minDelta < best);
  }
}
