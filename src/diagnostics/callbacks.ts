/** The callbacks by name, with those that look into models: callbacks themselves import types only. */
import { callbacks as leaves } from "../callbacks/index.js";
import { gradientMonitor } from "./gradient-monitor.js";

export const callbacks = { ...leaves, gradientMonitor } as const;
