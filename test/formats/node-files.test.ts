/** Model files on disk: written whole or not at all, read whole or refused. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError, layers, sequential, type Model } from "../../src/index.js";
import { loadModelFile, saveModelFile } from "../../src/node.js";
import { engineOf } from "../builds.js";

const engine = engineOf("baseline");
let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "lanewise-files-"))));
afterAll(() => {
  rmSync(folder, { recursive: true });
  expect(engine.arena.usedBytes).toBe(0);
});

const net = (units = 4, seed = 1): Model =>
  sequential([layers.dense({ units, name: "only" })], { inputShape: [units], seed, engine });
const at = (name: string): string => join(folder, name);

describe("saveModelFile", () => {
  test("writes what save gives, over an older file, and leaves nothing beside it", async () => {
    const [first, second] = [net(4, 1), net(4, 2)];
    await saveModelFile(at("model"), first);
    await saveModelFile(at("model"), second);
    expect(new Uint8Array(readFileSync(at("model")))).toEqual(second.save());
    const loaded = await loadModelFile(at("model"), { engine });
    expect(loaded.save()).toEqual(second.save());
    expect(readdirSync(folder)).toEqual(["model"]);
    for (const model of [first, second, loaded]) model.dispose();
  });

  test("tells a path and a model apart", async () => {
    const model = net();
    await expect(saveModelFile(model as never, at("model") as never)).rejects.toThrow(
      /^saveModelFile: path must name a file\. Received: path=/,
    );
    await expect(saveModelFile(at("model"), {} as never)).rejects.toThrow(/^saveModel: model must be a model\./);
    await expect(loadModelFile("")).rejects.toThrow(/^loadModelFile: path must name a file\. Received: path=""/);
    model.dispose();
  });

  test("that fails leaves the old file, and nothing beside it", async () => {
    const model = net();
    await saveModelFile(at("model"), model);
    const before = readFileSync(at("model"));
    await expect(saveModelFile(at("missing/model"), model)).rejects.toThrow(/ENOENT/);
    mkdirSync(at("taken/by"), { recursive: true });
    await expect(saveModelFile(at("taken"), model)).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(readFileSync(at("model"))).toEqual(before);
    expect(readdirSync(folder).sort()).toEqual(["model", "taken"]);
    model.dispose();
  });
});

describe("27: a file that changes while it is read", () => {
  test.each([
    ["is cut short", (path: string, bytes: Uint8Array) => truncateSync(path, bytes.length - 2)],
    ["grows", (path: string) => writeFileSync(path, "xx", { flag: "a" })],
    ["is emptied", (path: string) => truncateSync(path, 0)],
  ])("%s: refused", async (_, change) => {
    const model = net();
    await saveModelFile(at("changing"), model);
    const loading = loadModelFile(at("changing"), { engine });
    change(at("changing"), model.save());
    await expect(loading).rejects.toThrow(FormatError);
    model.dispose();
  });

  test("at any moment: the model that was saved, or a FormatError", async () => {
    const model = net(600); // 1.4 MB: read in several pieces
    const bytes = model.save();
    model.dispose();
    const outcomes = { model: 0, refused: 0 };
    for (let turns = 0; turns < 12; turns++) {
      writeFileSync(at("changing"), bytes);
      const loading = loadModelFile(at("changing"), { engine }).then(
        (loaded) => {
          expect(Buffer.from(loaded.save()).equals(bytes)).toBe(true);
          loaded.dispose();
          outcomes.model++;
        },
        (error: unknown) => {
          expect(error).toBeInstanceOf(FormatError);
          outcomes.refused++;
        },
      );
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      truncateSync(at("changing"), 700_000);
      await loading;
    }
    expect(outcomes.refused).toBeGreaterThan(0);
  });
});
