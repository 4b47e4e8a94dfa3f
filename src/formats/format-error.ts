import { FormatError, show } from "../check.js";

/** A FormatError in the house form, to be thrown by the caller. */
export function formatError(where: string, expected: string, name: string, value: unknown): FormatError {
  return new FormatError(`${where}: ${expected}. Received: ${name}=${show(value)}.`);
}
