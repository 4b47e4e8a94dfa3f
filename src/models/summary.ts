import { showShape } from "../graph/shape.js";
import type { Model } from "./model.js";
import { isLearning } from "./plan-cache.js";

/** A text table: one line per layer call, then totals. */
export function summarize(model: Model): string {
  const { operations } = model.built.flat;
  const shapes = new Map<number, readonly number[]>(model.graph.inputs.map((node, i) => [i, node.shape]));
  const rows = operations.map((operation) => {
    const { layer, inputs, output, path } = operation;
    const shape = layer.outputShape(inputs.map((id) => shapes.get(id)!));
    shapes.set(output, shape);
    const count = layer.parameters.reduce((sum, parameter) => sum + parameter.count, 0);
    const frozen = count > 0 && !isLearning(operation) ? "frozen" : "";
    return [path, layer.kind, showShape(shape), count.toLocaleString("en-US"), frozen];
  });
  const table = [["layer", "kind", "output", "parameters", ""], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column === 3 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
  const rule = "-".repeat(Math.max(...lines.map((line) => line.length)));
  const total = model.countParams();
  const learning = [...model.learningParameters()].reduce((sum, parameter) => sum + parameter.count, 0);
  const totals = `parameters: ${total.toLocaleString("en-US")}, of which ${learning.toLocaleString("en-US")} learn`;
  return [`${model.name} (seed ${model.seed})`, lines[0], rule, ...lines.slice(1), rule, totals].join("\n");
}
