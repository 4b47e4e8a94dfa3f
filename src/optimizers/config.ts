import { checkKeys, lookUp, rangeError } from "../check.js";
import { isConfig, scheduleConfig, scheduleFromConfig, type OwnSchedules } from "../schedules/index.js";
import type { Schedule } from "../schedules/schedule.js";
import type { OptimizerSpec } from "./define-optimizer.js";
import { optimizers } from "./index.js";

/** An optimizer as plain data, for a model file. */
export interface OptimizerConfig {
  readonly name: string;
  /** Every option, defaults too, so that a later version with other defaults reads the same optimizer. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A specification as plain data. Schedules become their configs; a user's own function is kept by its name. */
export function optimizerConfig(spec: OptimizerSpec): OptimizerConfig {
  const { definition, options } = spec;
  const torch = options.compat === "torch";
  const left = new Set<string>();
  if (!torch) for (const name of Object.keys(definition.torchOnly ?? {})) left.add(name);
  if (!torch || definition.decoupled) left.add("decoupledWeightDecay");
  if (!options.useEma) left.add("emaMomentum");
  const entries = Object.entries(options)
    .filter(([name, value]) => value !== undefined && !left.has(name))
    .map(([name, value]) => [name, typeof value === "function" ? scheduleConfig(spec.name, value as Schedule) : value]);
  return { name: spec.name, options: Object.fromEntries(entries) };
}

/** The specification that plain data describes, validated as the factory validates options. */
export function optimizerFromConfig(where: string, config: unknown, own: OwnSchedules = {}): OptimizerSpec {
  checkKeys(where, config, ["name", "options"]);
  const { name, options } = config as { name: unknown; options: Record<string, unknown> };
  if (typeof name !== "string") throw rangeError(where, "the optimizer's name must be a string", "name", name);
  const factory = lookUp("optimizer", optimizers, name) as (options: object) => OptimizerSpec;
  checkKeys(where, options, Object.keys(options ?? {}));
  const entries = Object.entries(options).map(([key, value]) => [
    key,
    isConfig(value) ? scheduleFromConfig(where, value, own) : value,
  ]);
  return factory(Object.fromEntries(entries));
}
