import { MemoryError } from "../check.js";
import { buildPlan, type Observe } from "../graph/build-plan.js";
import type { FlatGraph, Operation } from "../graph/graph.js";
import type { Mode } from "../graph/lowering.js";
import type { Plan } from "../graph/plan.js";
import type { Loss } from "../losses/index.js";
import type { Engine } from "../runtime/engine.js";

/** Plans kept per model. More are made when needed; the least recently used goes first. */
const MOST_PLANS = 6;

interface Entry {
  readonly needs: PlanNeeds;
  /** Whether each operation learns; undefined where that makes no difference. */
  readonly learns: readonly boolean[] | undefined;
  readonly plan: Plan;
}

/** What a plan depends on beside the graph. */
export interface PlanNeeds {
  readonly mode: Mode;
  readonly rows: number;
  readonly samples?: number;
  readonly losses?: readonly (Loss | undefined)[];
  readonly lossWeights?: readonly number[];
  /** Sees the outputs of operations in each run. */
  readonly observe?: Observe | undefined;
  /** Whether gradients may be made block by block: see PlanRequest. */
  readonly blockwise?: boolean;
}

/** A model's plans, by mode and by which operations learn. Any plan of enough capacity serves a smaller batch. */
export class PlanCache {
  readonly #engine: Engine;
  readonly #graph: FlatGraph;
  /**
   * Addresses of the plans' workspaces: all that is needed to free them when nobody holds the model any more. (A plan
   * itself refers to its model, through its layers' calls.)
   */
  readonly workspaces = new Set<number>();
  /** Most recently used last. */
  #entries: Entry[] = [];

  constructor(engine: Engine, graph: FlatGraph) {
    this.#engine = engine;
    this.#graph = graph;
  }

  /** A plan for so many rows; the model's other plans make room for it if memory is short. */
  find(needs: PlanNeeds): Plan {
    const { mode, rows } = needs;
    const { operations } = this.#graph;
    const serves = (entry: Entry): boolean => this.#serves(entry, needs);
    const found = this.#entries.findLast((entry) => serves(entry) && entry.plan.capacity >= rows);
    if (found !== undefined) {
      if (found !== this.#entries.at(-1)) this.#entries = [...this.#entries.filter((entry) => entry !== found), found];
      return found.plan;
    }
    const outgrown = this.#entries.filter(serves);
    const learns = operations.map(isLearning);
    const build = (): Plan =>
      buildPlan(this.#engine, this.#graph, {
        ...needs,
        capacity: rows,
        learns: (operation) => learns[operations.indexOf(operation)]!,
      });
    let plan: Plan;
    try {
      plan = build();
      this.#drop(outgrown);
    } catch (error) {
      if (!(error instanceof MemoryError) || this.#entries.length === 0) throw error;
      this.clear();
      plan = build();
    }
    this.workspaces.add(plan.workspace);
    const differs = mode === "train" || mode === "evaluate";
    this.#entries.push({ needs, learns: differs ? learns : undefined, plan });
    this.#drop(this.#entries.slice(0, -MOST_PLANS));
    return plan;
  }

  /** Whether a plan is of the kind that is needed, for as many rows or fewer. */
  #serves({ needs: { mode, samples, observe, blockwise = false }, learns }: Entry, needs: PlanNeeds): boolean {
    if (mode !== needs.mode || samples !== needs.samples) return false;
    if (observe !== needs.observe || blockwise !== (needs.blockwise ?? false)) return false;
    return learns === undefined || this.#graph.operations.every((operation, i) => isLearning(operation) === learns[i]);
  }

  clear(): void {
    this.#drop(this.#entries);
  }

  #drop(entries: readonly Entry[]): void {
    for (const { plan } of entries) {
      this.workspaces.delete(plan.workspace);
      plan.dispose();
    }
    this.#entries = this.#entries.filter((entry) => !entries.includes(entry));
  }
}

/** Whether an operation's layer and all models around it are trainable now. */
export function isLearning({ layer, scopes }: Operation): boolean {
  return layer.trainable && scopes.every((scope) => scope.trainable);
}
