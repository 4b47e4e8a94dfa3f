import { expect, test } from "vitest";
import { fuzz } from "./safetensors-fuzz.js";

/** A million files: about a minute on an idle core, so that a busy machine may take ten times as long. */
const MINUTES = 60_000;
const seeds = Array.from({ length: 10 }, (_, i) => 100 + i);

test.each(seeds)(
  "a million files that are almost right give a result or a FormatError, seed %i",
  (seed) => {
    const { accepted, slowestMs } = fuzz(1_000_000, seed);
    expect(accepted).toBeGreaterThan(100_000);
    expect(slowestMs).toBeLessThan(1000);
  },
  10 * MINUTES,
);
