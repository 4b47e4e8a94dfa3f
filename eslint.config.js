import js from "@eslint/js";
import tseslint from "typescript-eslint";

/**
 * Imports point from meaning to bytes: models -> layers, losses, optimizers -> graph -> runtime -> build.
 * Each row names folders of src and what they may not import.
 */
const below = {
  runtime: [
    "graph",
    "layers",
    "losses",
    "optimizers",
    "schedules",
    "callbacks",
    "metrics",
    "models",
    "reuse",
    "diagnostics",
    "formats",
  ],
  graph: [
    "layers",
    "losses",
    "optimizers",
    "schedules",
    "callbacks",
    "metrics",
    "models",
    "reuse",
    "diagnostics",
    "formats",
  ],
  layers: ["losses", "optimizers", "schedules", "callbacks", "metrics", "models", "reuse", "diagnostics", "formats"],
  losses: ["layers", "optimizers", "schedules", "callbacks", "metrics", "models", "reuse", "diagnostics", "formats"],
  optimizers: ["layers", "losses", "callbacks", "metrics", "models", "reuse", "diagnostics", "formats"],
  metrics: ["layers", "optimizers", "schedules", "callbacks", "models", "reuse", "diagnostics", "formats"],
  schedules: [
    "graph",
    "layers",
    "losses",
    "optimizers",
    "callbacks",
    "metrics",
    "models",
    "reuse",
    "diagnostics",
    "formats",
  ],
  models: ["reuse", "diagnostics"],
};

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
  { files: ["src/node.ts", "src/formats/node-*.ts"], rules: { "no-restricted-imports": "off" } },
);
