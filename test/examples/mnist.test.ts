import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const run = fileURLToPath(new URL("../../scripts/run.mjs", import.meta.url));

it("npm start, quickly: learns, says what it is unsure of, draws its run (from the built package)", () => {
  const folder = mkdtempSync(join(tmpdir(), "lanewise-start-"));
  try {
    const output = execFileSync(process.execPath, [run, "mnist", "--quick"], { cwd: folder, encoding: "utf8" });
    const accuracy = Number(/Test accuracy ([\d.]+) %/.exec(output)?.[1]);
    expect(accuracy).toBeGreaterThan(80);
    expect(output).toMatch(/The digits of which it is least certain:/);
    const [, svg, png] = /Picture of the run: (\S+) and (\S+)/.exec(output)!;
    for (const file of [svg!, png!]) expect(statSync(join(folder, file)).size).toBeGreaterThan(20_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
