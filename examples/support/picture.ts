import { Resvg } from "@resvg/resvg-js";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** Where pictures go: below the folder in which the example was started. Not under version control. */
const OUTPUT = "runs";
/** Pixels of the PNG for each unit of the SVG. */
const SCALE = 2;
const FONT = "DejaVu Sans";

/** The look that all pictures share. */
const config = {
  font: FONT,
  background: "white",
  padding: 16,
  axis: {
    gridColor: "#eceff1",
    domainColor: "#90a4ae",
    tickColor: "#90a4ae",
    labelColor: "#37474f",
    titleFontWeight: "normal",
    labelLimit: 320,
  },
  legend: { labelLimit: 0 },
  title: { anchor: "start", fontSize: 14, fontWeight: "bold", color: "#263238", subtitleColor: "#546e7a" },
  mark: { color: "#1565c0" },
  view: { stroke: null },
  range: {
    category: ["#1565c0", "#ef6c00", "#2e7d32", "#c62828", "#6a1b9a", "#00838f", "#9e9d24", "#5d4037", "#ec407a"],
  },
} as const;

/**
 * Draws a Vega-Lite specification to runs/<name>.svg and runs/<name>.png and returns their paths. The fonts of the PNG
 * come with an npm package, since a server may have none.
 */
export async function savePicture(
  name: string,
  spec: TopLevelSpec,
  folder = OUTPUT,
): Promise<{ svg: string; png: string }> {
  const styled = { ...spec, config: { ...config, ...spec.config } } as TopLevelSpec;
  const view = new View(parse(compile(styled).spec), { renderer: "none" });
  const picture = await view.toSVG();
  view.finalize();
  const fonts = join(dirname(createRequire(import.meta.url).resolve("dejavu-fonts-ttf/package.json")), "ttf");
  const image = new Resvg(picture, {
    fitTo: { mode: "zoom", value: SCALE },
    font: {
      loadSystemFonts: false,
      fontFiles: ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((file) => join(fonts, file)),
      defaultFontFamily: FONT,
    },
  }).render();
  const path = (extension: string): string => join(folder, `${name}.${extension}`);
  mkdirSync(dirname(path("svg")), { recursive: true });
  writeFileSync(path("svg"), picture);
  writeFileSync(path("png"), image.asPng());
  return { svg: path("svg"), png: path("png") };
}

/** The pixels of an image of bytes that are not blank, as rows of data for rect marks; `more` is in each row. */
export function pixelsOf<T extends object>(image: Uint8Array, width: number, more: T): (T & Pixel)[] {
  const pixels: (T & Pixel)[] = [];
  image.forEach((ink, i) => {
    if (ink > 0) pixels.push({ ...more, column: i % width, row: Math.floor(i / width), ink: ink / 255 });
  });
  return pixels;
}

/** One square of an image: its place, and its darkness from 0 to 1. */
export interface Pixel {
  column: number;
  row: number;
  ink: number;
}

/** Draws accuracy against the number of labels, a line for each way of training, in the order of the values. */
export async function saveAccuracyByLabels(
  name: string,
  title: { text: string; subtitle: string },
  values: { way: string; labels: number; accuracy: number }[],
): Promise<void> {
  await savePicture(name, {
    title,
    data: { values },
    width: 420,
    height: 260,
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "labels", type: "quantitative", scale: { type: "log" }, title: "labelled images" },
      y: { field: "accuracy", type: "quantitative", scale: { zero: false }, axis: { format: "%" } },
      color: { field: "way", type: "nominal", title: null, sort: null },
    },
  });
}
