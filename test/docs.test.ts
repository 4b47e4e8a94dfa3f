import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { withTables } from "../scripts/readme-tables.js";
import * as lanewise from "../src/index.js";

describe("README", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

  it("has the tables that follow from the code (npm run docs writes them)", async () => {
    expect(await withTables(readme)).toBe(readme);
  });

  it("names everything that the package exports, and every folder of sources", () => {
    const missing = Object.keys(lanewise).filter((name) => !new RegExp(`\\b${name}\\b`).test(readme));
    expect(missing).toEqual([]);
    const folders = ["src", "assembly"].flatMap((tree) =>
      readdirSync(tree, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !["graph", "packed"].includes(entry.name))
        .map(({ name }) => `${tree}/${name}`),
    );
    const topics = readme.slice(readme.indexOf("<!-- topics -->"), readme.indexOf("<!-- end topics -->"));
    expect(folders.filter((folder) => !topics.includes(`(${folder}`))).toEqual([]);
  });

  it("has an example that runs as printed, on the built package", () => {
    const [, code] = /```ts\n([\s\S]*?)```/.exec(readme)!;
    mkdirSync("dist/programs", { recursive: true });
    writeFileSync("dist/programs/readme.ts", code!);
    const output = execFileSync(process.execPath, ["scripts/run.mjs", "dist/programs/readme.ts"], { encoding: "utf8" });
    expect(Number(/^accuracy ([\d.]+)/.exec(output)?.[1])).toBeGreaterThan(0.95);
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
