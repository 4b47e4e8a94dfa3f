import { describe, expect, it } from "vitest";
import { boolean, callable, choice, integer, number, optional, readOptions } from "../src/options.js";

const table = {
  rate: number({ min: 0 }),
  steps: integer(1, 10),
  staircase: boolean(false),
  shape: choice(["cosine", "linear"], "cosine"),
  target: optional(number({ min: 0 })),
  write: optional(callable<() => void>("a function of nothing")),
};

describe("readOptions", () => {
  it("fills in defaults, also where undefined is given, in the order of the table", () => {
    const read = readOptions("where", { shape: undefined, steps: 3, rate: 0.5 }, table);
    const defaults = { staircase: false, shape: "cosine", target: undefined, write: undefined };
    expect(read).toEqual({ rate: 0.5, steps: 3, ...defaults });
    expect(Object.keys(read)).toEqual(Object.keys(table));
  });

  it.each([
    [{}, "where: rate must be a finite number in [0, Infinity). Received: rate=undefined."],
    [{ rate: -1 }, "where: rate must be a finite number in [0, Infinity). Received: rate=-1."],
    [{ rate: 1, steps: null }, "where: steps must be an integer in [1, Infinity). Received: steps=null."],
    [{ rate: 1, staircase: 1 }, "where: staircase must be true or false. Received: staircase=1."],
    [{ rate: 1, shape: "liner" }, 'shape must be one of "cosine", "linear" (did you mean "linear"?)'],
    [{ rate: 1, target: -2 }, "where: target must be a finite number in [0, Infinity). Received: target=-2."],
    [{ rate: 1, write: 3 }, "where: write must be a function of nothing. Received: write=3."],
    [{ rate: 1, step: 3 }, 'where: unknown option "step". Known: rate, steps'],
    [null, "where: options must be an object. Received: options=null."],
  ])("refuses %o", (given, message) => {
    expect(() => readOptions("where", given as object, table)).toThrow(message);
  });
});
