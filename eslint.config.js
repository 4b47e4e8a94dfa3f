import js from "@eslint/js";
import tseslint from "typescript-eslint";

/**
 * Imports point from meaning to bytes. Folders of src, those with the most meaning first: each may import what stands
 * below it, and its own.
 */
const floors = [
  ["reuse", "diagnostics"],
  ["models"],
  ["formats"],
  ["callbacks"],
  ["layers", "losses", "optimizers", "metrics"],
  ["schedules", "graph"],
  ["runtime"],
];

/** Folders that one may not import: those above it and those beside it. */
const below = Object.fromEntries(
  floors.flatMap((floor, i) =>
    floor.map((folder) => [folder, [...floors.slice(0, i).flat(), ...floor.filter((other) => other !== folder)]]),
  ),
);

const engineDependent = [
  "exp",
  "expm1",
  "log",
  "log1p",
  "log2",
  "log10",
  "pow",
  "sin",
  "cos",
  "tan",
  "sinh",
  "cosh",
  "tanh",
  "random",
];

export default tseslint.config(
  { ignores: ["build/", "dist/", "node_modules/", "assembly/", "runs/", "bench/peers/node_modules/"] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
      eqeqeq: "error",
    },
  },
  {
    files: ["**/*.mjs", "**/*.js"],
    languageOptions: {
      globals: {
        console: "readonly",
        process: "readonly",
        URL: "readonly",
        performance: "readonly",
        WebAssembly: "readonly",
        Buffer: "readonly",
        setTimeout: "readonly",
        fetch: "readonly",
      },
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: ["**/src/index.js", "../index.js", "./index.js", "node:*"],
              message: "src imports neither its own public index nor Node.",
            },
          ],
        },
      ],
      "no-restricted-properties": [
        "error",
        ...engineDependent.map((property) => ({
          object: "Math",
          property,
          message: "Differs between engines: use runtime/math.",
        })),
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "BinaryExpression[operator='**']", message: "Differs between engines: use runtime/math." },
      ],
    },
  },
  ...Object.entries(below).map(([folder, forbidden]) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: {
      "no-restricted-imports": "off",
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: [...forbidden.map((name) => `**/${name}/**`), "**/src/index.js", "node:*"],
              allowTypeImports: true,
              message: `src/${folder} may not import this: imports point from meaning to bytes (see CONTRIBUTING.md).`,
            },
          ],
        },
      ],
    },
  })),
  // Loading makes models, where saving only reads them.
  { files: ["src/formats/load-model.ts"], rules: { "@typescript-eslint/no-restricted-imports": "off" } },
  { files: ["src/node.ts", "src/formats/node-*.ts"], rules: { "no-restricted-imports": "off" } },
);
