import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/check.js";
import { datasets } from "../../src/datasets/index.js";
import { tensor } from "../../src/tensor.js";

const { csv } = datasets;

describe("csv", () => {
  it("reads numbers, missing numbers and categories", () => {
    const table = csv("length, width ,species\n5.1,3.5,setosa\n-1e2,,virginica\n.5,NA,setosa\n");
    expect(table.names).toEqual(["length", "width", "species"]);
    expect(table.values.shape).toEqual([3, 3]);
    expect([...table.values.data]).toEqual([Math.fround(5.1), 3.5, 0, -100, NaN, 1, 0.5, NaN, 0]);
    expect([...table.categories]).toEqual([["species", ["setosa", "virginica"]]]);
    expect(table.select("species", "length")).toEqual(tensor(Float32Array.of(0, 5.1, 1, -100, 0, 0.5), [3, 2]));
  });

  it("reads UTF-8 bytes with a byte-order mark, CR LF, quotes, blank lines and no last line end", () => {
    const text = '\ufeffname;"a;b"\r\n"say ""é""\nagain";1\r\n\r\n"";2';
    for (const source of [text, new TextEncoder().encode(text)]) {
      const table = csv(source, { delimiter: ";" });
      expect(table.names).toEqual(["name", "a;b"]);
      expect([...table.values.data]).toEqual([1, 1, 0, 2]);
      expect(table.categories.get("name")).toEqual(["", 'say "é"\nagain']);
    }
  });

  it("names columns by number without a header", () => {
    const table = csv("1,2\n3,4", { header: false });
    expect(table.names).toEqual(["0", "1"]);
    expect([...table.select("1").data]).toEqual([2, 4]);
  });

  it("takes only decimal numbers for numbers, and the caller's words for missing ones", () => {
    expect(csv("a\n0x10\n1").categories.get("a")).toEqual(["0x10", "1"]);
    expect(csv("a\nInfinity").categories.has("a")).toBe(true);
    expect([...csv("a\n?\n+1.", { missing: ["?"] }).values.data]).toEqual([NaN, 1]);
  });

  it("keeps a column called __proto__ a column", () => {
    const table = csv("__proto__,constructor\nx,y");
    expect(table.categories.get("__proto__")).toEqual(["x"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it.each([
    ["", "csv: there must be at least one record. Received: none."],
    ["a,b\n1,2\n\n3", "csv: every record must have 2 fields, as the first. Received: 1 on line 4."],
    ['a,b\n"x\ny",1\n1', "csv: every record must have 2 fields, as the first. Received: 1 on line 4."],
    ["a,a\n1,2", 'csv: names must differ. Received: "a" twice.'],
    ['a\n"x"y', 'csv: a closing quote must end the field. Received: "y" on line 2.'],
    ['a\nx"y"', "csv: a quote must open the field or be doubled in a quoted one. Received: line 2."],
    ['a\n1\n"x', "csv: a quoted field must be closed. Received: one open since line 3."],
  ])("refuses %j", (text, message) => {
    expect(() => csv(text)).toThrow(message);
    expect(() => csv(text)).toThrow(FormatError);
  });

  it("refuses bytes that are not UTF-8, and wrong options", () => {
    expect(() => csv(Uint8Array.of(0x61, 0xff))).toThrow(FormatError);
    expect(() => csv("a", { delimiter: ",," })).toThrow("csv: delimiter must be one character");
    expect(() => csv("a", { haeder: true } as object)).toThrow('Did you mean "header"?');
    expect(() => csv(1 as unknown as string)).toThrow(TypeError);
    expect(() => csv("width\n1").select("widht")).toThrow(
      'csv: unknown column "widht". Known: width. Did you mean "width"?',
    );
  });
});
