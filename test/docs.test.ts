import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { withTables } from "../scripts/readme-tables.js";

describe("README", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

  it("has the tables that follow from the code (npm run docs writes them)", async () => {
    expect(await withTables(readme)).toBe(readme);
  });

  it("names commands that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      scripts: Record<string, string>;
    };
    const contributing = readFileSync(new URL("../CONTRIBUTING.md", import.meta.url), "utf8");
    const named = [...`${readme}${contributing}`.matchAll(/npm (?:run )?([a-z]+(?::[a-z]+)*)/g)].map(
      ([, name]) => name!,
    );
    expect(named.length).toBeGreaterThan(3);
    for (const name of named.filter((script) => script !== "install")) expect(scripts).toHaveProperty([name]);
  });
});
