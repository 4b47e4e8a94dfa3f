/** The float64 losses against central differences of themselves, on the data of every loss. */
import { describe, expect, it } from "vitest";
import { losses, type LossName } from "../../src/losses/index.js";
import { seeded } from "../guarded.js";
import { domains } from "../losses/domains.js";
import { variants } from "../losses/variants.js";
import { references } from "./losses.js";

const STEP = 1e-6;

describe.each(Object.keys(losses) as LossName[])("float64 %s", (name) => {
  it.each(variants(name))("has the gradient of its differences, options %j", (options) => {
    const random = seeded(3);
    const { loss, gradient } = references[name]!(options);
    for (const width of [1, 2, 5, 10]) {
      for (let trial = 0; trial < 5; trial++) {
        const logits = Array.from({ length: width }, () => 8 * random() - 4);
        const y = options.fromLogits ? logits : domains[name].prediction(random, width);
        const t = domains[name].target(random, width);
        const got = gradient(y, t);
        y.forEach((value, j) => {
          const at = (x: number) => loss(y.with(j, x), t);
          const slope = (at(value + STEP) - at(value - STEP)) / (2 * STEP);
          expect(Math.abs(got[j]! - slope), `d/dy[${j}] at ${y}`).toBeLessThan(1e-7 + 1e-5 * Math.abs(slope));
        });
      }
    }
  });
});
