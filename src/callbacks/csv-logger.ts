import { boolean, callable, optional, readOptions, string } from "../options.js";
import type { Callback } from "./callback.js";

export interface CsvLoggerOptions {
  /** Takes each line, newline included, when it is made: append it to a file. Default: none, the text is kept only. */
  append?(line: string): void | Promise<void>;
  /** Between values. Default ",". */
  separator?: string;
  /** Begin with a line of names; false to continue a file. Default true. */
  header?: boolean;
}

export interface CsvLogger extends Callback {
  /** All lines so far. */
  readonly text: string;
}

/**
 * One line of comma-separated values per epoch. Columns as Keras: epoch, then the logs of the first epoch by name, with
 * val_ columns even if that epoch was not validated; NA where an epoch has no value.
 */
export function csvLogger(options: CsvLoggerOptions = {}): CsvLogger {
  const where = "callbacks.csvLogger";
  const { append, separator, header } = readOptions(where, options, {
    append: optional(callable<(line: string) => void | Promise<void>>("a function of a line")),
    separator: string("a string", ","),
    header: boolean(true),
  });

  let text = "";
  let columns: string[] | undefined;
  const add = async (values: (string | number)[]): Promise<void> => {
    const line = `${values.join(separator)}\n`;
    text += line;
    await append?.(line);
  };

  return {
    get text() {
      return text;
    },
    onTrainBegin() {
      text = "";
      columns = undefined;
    },
    async onEpochEnd(epoch, logs) {
      if (columns === undefined) {
        columns = Object.keys(logs).sort();
        if (!columns.some((name) => name.startsWith("val_"))) columns.push(...columns.map((name) => `val_${name}`));
        if (header) await add(["epoch", ...columns]);
      }
      await add([epoch, ...columns.map((name) => logs[name] ?? "NA")]);
    },
  };
}
