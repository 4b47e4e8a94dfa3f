import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

/** What a program prints that imports the built package by its name. */
function run(script: string, ...args: string[]): string {
  const flags = ["--input-type=module", "--eval"];
  return execFileSync(process.execPath, [...flags, script, ...args], { encoding: "utf8" }).trim();
}

describe("the built package", () => {
  it("has one engine and one class of each name, whichever entry they come from", () => {
    const folder = mkdtempSync(join(tmpdir(), "lanewise-package-"));
    const script = `
      import { layers, MemoryError, sequential } from "lanewise";
      import * as kernels from "lanewise/kernels";
      import { loadModelFile, saveModelFile } from "lanewise/node";
      const layer = layers.dense({ units: 1 });
      const file = process.argv[1];
      await saveModelFile(file, sequential([layer], { inputShape: [2] }));
      const loaded = await loadModelFile(file);
      sequential([loaded, layers.dense({ units: 1 })], { inputShape: [2] });
      const same = loaded.layers[0] instanceof layer.constructor && MemoryError === kernels.MemoryError;
      console.log(same ? "one of each" : "two");`;
    try {
      expect(run(script, join(folder, "model.safetensors"))).toBe("one of each");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
