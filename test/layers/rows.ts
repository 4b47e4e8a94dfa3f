/** What the sweeps run: every factory of `layers` with options that take each of its branches. */
import { activationDefinitions, activations } from "../../src/activations.js";
import type { Layer } from "../../src/graph/layer.js";
import { layers, type LayerKind } from "../../src/layers/index.js";
import { regularizers } from "../../src/regularizers.js";

/** One configuration of a layer, for any width. */
export interface Row {
  /** As a factory takes them, but for members of families: `{ activations: "elu", options: { alpha: 0.5 } }`. */
  readonly options: object | ((width: number) => object);
  /** Of one sample of each input. */
  readonly shapes: (width: number) => readonly (readonly number[])[];
  /** Values in parameters that learn, and in those that do not. Default none. */
  readonly counts?: (width: number) => readonly [number, number];
}

const flat = (width: number) => [[width]];
const sequence = (width: number) => [[3, width]];
const twice = (width: number) => [[width], [width]];
const thrice = (width: number) => [
  [2, width],
  [2, width],
  [2, width],
];

/** Everything a dense layer of 2 width + 1 units learns. */
const denseOf = (options: object, shapes = flat, bias = true): Row => ({
  options: (width) => ({ units: 2 * width + 1, ...options }),
  shapes,
  counts: (width) => [(width + (bias ? 1 : 0)) * (2 * width + 1), 0],
});

const plain = (options: object, shapes: Row["shapes"] = flat): Row => ({ options, shapes });

const normalizing = (options: object, learned: number, shapes = flat): Row => ({
  options,
  shapes,
  counts: (width) => [learned * width, 2 * width],
});

/** Layers that do not stand alone, with the file that tests them. */
export const TESTED_ELSEWHERE = { denseTranspose: "dense-transpose.test.ts" } as const;

export const rows: Readonly<Record<Exclude<LayerKind, keyof typeof TESTED_ELSEWHERE>, readonly Row[]>> = {
  dense: [
    denseOf({}),
    denseOf({ activation: "relu" }),
    denseOf({ activation: "softmax" }),
    denseOf({ activation: "gelu", useBias: false }, flat, false),
    denseOf({ activation: { activations: "elu", options: { alpha: 0.5 } } }, sequence),
    denseOf({
      activation: "tanh",
      kernelRegularizer: "l2",
      biasRegularizer: "l1",
      activityRegularizer: { regularizers: "l1l2", options: { l1: 0.1, l2: 0.2 } },
    }),
    { options: { units: 1 }, shapes: flat, counts: (width) => [width + 1, 0] },
  ],
  activation: [
    ...Object.keys(activationDefinitions).map((activation) => plain({ activation })),
    plain({ activation: "softmax" }, sequence),
  ],
  reLU: [plain({})],
  leakyReLU: [plain({}), plain({ alpha: 0.05 })],
  prelu: [
    { options: {}, shapes: flat, counts: (width) => [width, 0] },
    { options: { sharedAxes: [1] }, shapes: sequence, counts: (width) => [width, 0] },
    { options: { sharedAxes: [2], alphaRegularizer: "l2" }, shapes: sequence, counts: () => [3, 0] },
    { options: { sharedAxes: [1, 2] }, shapes: sequence, counts: () => [1, 0] },
    { options: { sharedAxes: 2 }, shapes: (width) => [[2, 3, width]], counts: (width) => [2 * width, 0] },
    { options: { sharedAxes: [2, 4] }, shapes: (width) => [[2, 3, width, 2, 3]], counts: (width) => [6 * width, 0] },
  ],
  rrelu: [plain({}), plain({ lower: 0.25, upper: 0.25 }), plain({}, sequence)],
  elu: [plain({ alpha: 0.7 })],
  selu: [plain({})],
  softmax: [plain({})],
  batchNormalization: [
    normalizing({}, 2),
    normalizing({ scale: false, momentum: 0.5 }, 1),
    normalizing({ center: false }, 1, sequence),
    normalizing({ scale: false, center: false, epsilon: 0.01 }, 0),
    normalizing({ compat: "torch", gammaRegularizer: "l2", betaRegularizer: "l1" }, 2, sequence),
  ],
  layerNormalization: [
    { options: {}, shapes: flat, counts: (width) => [2 * width, 0] },
    { options: { scale: false, epsilon: 0.01 }, shapes: sequence, counts: (width) => [width, 0] },
    { options: { axis: [1, 2], center: false }, shapes: sequence, counts: (width) => [3 * width, 0] },
    { options: { axis: [-2, -1], gammaRegularizer: "l2" }, shapes: sequence, counts: (width) => [6 * width, 0] },
  ],
  dropout: [plain({ rate: 0.4 }), plain({ rate: 0 }), plain({ rate: 1 }), plain({ rate: 0.3 }, sequence)],
  alphaDropout: [plain({ rate: 0.3 })],
  gaussianDropout: [plain({ rate: 0.3 })],
  gaussianNoise: [plain({ stddev: 0.5 })],
  activityRegularization: [plain({ l1: 0.3 }), plain({ l2: 0.2 }, sequence), plain({ l1: 0.1, l2: 0.2 })],
  flatten: [plain({}, sequence), plain({})],
  reshape: [plain({ targetShape: [-1, 3] }, sequence), plain({ targetShape: [1, -1] })],
  rescaling: [plain({ scale: 1 / 255 }), plain({ scale: -2, offset: 0.5 }, sequence)],
  normalization: [{ options: {}, shapes: flat, counts: (width) => [0, 2 * width] }],
  add: [plain({}, twice), plain({}, thrice)],
  subtract: [plain({}, twice)],
  multiply: [plain({}, twice), plain({}, thrice)],
  average: [plain({}, twice), plain({}, thrice)],
  maximum: [plain({}, twice), plain({}, thrice)],
  minimum: [plain({}, twice), plain({}, thrice)],
  concatenate: [
    plain({}, (width) => [[width], [1], [width + 2]]),
    plain({ axis: 1 }, (width) => [
      [1, width],
      [3, width],
    ]),
    plain({ axis: 2 }, (width) => [
      [2, width],
      [2, 3],
    ]),
  ],
  dot: [
    plain({ axes: 1 }, twice),
    plain({ axes: -1, normalize: true }, twice),
    // Contracted over the last axes, the first ones, and one of each; deep and narrow, shallow and wide.
    plain({ axes: 2 }, (width) => [
      [3, width],
      [5, width],
    ]),
    plain({ axes: 1 }, (width) => [
      [1, width],
      [1, width + 1],
    ]),
    plain({ axes: [1, 2], normalize: true }, (width) => [
      [width, 4],
      [2, width],
    ]),
    plain({ axes: [2, 1] }, (width) => [[2, width], [width]]),
  ],
};

/** Widths around the vectors and panels, each with a batch of one or of an odd number. */
export const SIZES: readonly (readonly [width: number, batch: number])[] = [
  [1, 1],
  [1, 5],
  [3, 5],
  [5, 1],
  [8, 5],
  [17, 1],
  [17, 5],
];

/** Options of a row at a width, described. */
export function optionsOf({ options }: Row, width: number): object {
  return typeof options === "function" ? (options as (width: number) => object)(width) : options;
}

/** A layer of a row at a width. */
export function layerOf(kind: LayerKind, row: Row, width: number, name: string): Layer {
  return (layers[kind] as (options: object) => Layer)({ ...revive(optionsOf(row, width)), name });
}

/** A row as the title of a test. */
export function describeRow(row: Row): string {
  const shapes = row.shapes(5).map((shape) => `[${shape.join(", ")}]`);
  return `${JSON.stringify(optionsOf(row, 5))} on ${shapes.join(" and ")}`;
}

/** Turns descriptions of family members into what factories take. */
function revive(options: object): object {
  const families: Record<string, Record<string, (options: object) => unknown>> = {
    activations: activations as never,
    regularizers: regularizers as never,
  };
  const member = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const { options: given, ...name } = value as { options: object } & Record<string, string>;
    const [family, key] = Object.entries(name)[0]!;
    return families[family]![key]!(given);
  };
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, member(value)]));
}
