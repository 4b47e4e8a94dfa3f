/** Learning-rate schedules: all of them in one figure, over 100 steps. */
import { schedules } from "lanewise";
import { savePicture } from "./support/picture.js";

const STEPS = 100;
const initial = 1;
const oneCycle = schedules.oneCycle({ maxLearningRate: 1, totalSteps: STEPS });
const book = schedules.oneCycleBook({ maxLearningRate: 1, totalSteps: STEPS });
const cosine = schedules.cosineDecay({ initial, decaySteps: STEPS - 20 });
const curves: Record<string, (step: number) => number> = {
  exponentialDecay: schedules.exponentialDecay({ initial, decaySteps: 20, decayRate: 0.5 }),
  "exponentialDecay, staircase": schedules.exponentialDecay({
    initial,
    decaySteps: 20,
    decayRate: 0.5,
    staircase: true,
  }),
  inverseTimeDecay: schedules.inverseTimeDecay({ initial, decaySteps: 20, decayRate: 1 }),
  power: schedules.power({ initial, decaySteps: 20, power: 2 } as never),
  polynomialDecay: schedules.polynomialDecay({ initial, decaySteps: STEPS, power: 2, end: 0.05 }),
  piecewiseConstant: schedules.piecewiseConstant({ boundaries: [30, 60], values: [1, 0.4, 0.1] }),
  stepDecay: schedules.stepDecay({ initial, stepSize: 25, factor: 0.5 }),
  cosineDecay: schedules.cosineDecay({ initial, decaySteps: STEPS }),
  cosineDecayRestarts: schedules.cosineDecayRestarts({ initial, firstDecaySteps: 20 }),
  "warmup, then cosineDecay": schedules.warmup({ schedule: cosine, steps: 20 }),
  oneCycle: oneCycle.learningRate,
  "oneCycle (momentum)": oneCycle.momentum,
  oneCycleBook: book.learningRate,
};
const values = Object.entries(curves).flatMap(([name, schedule]) =>
  Array.from({ length: STEPS }, (_, step) => ({ name, step, rate: schedule(step) })),
);
for (const [name, schedule] of Object.entries(curves)) {
  console.log(`${name}: ${[0, 25, 50, 75, 99].map((step) => schedule(step).toFixed(3)).join("  ")}`);
}

await savePicture("schedules", {
  title: { text: "Schedules", subtitle: "learning rate (or momentum) by step, from or up to 1" },
  data: { values },
  facet: { field: "name", type: "nominal", title: null, sort: Object.keys(curves) },
  columns: 5,
  spacing: { row: 36, column: 24 },
  bounds: "flush",
  spec: {
    width: 140,
    height: 90,
    mark: { type: "line", interpolate: "step-after" },
    encoding: {
      x: { field: "step", type: "quantitative", title: null },
      y: { field: "rate", type: "quantitative", title: null, scale: { domain: [0, 1.05] } },
    },
  },
});
