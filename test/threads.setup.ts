/** With LANEWISE_THREADS, the engine that models share has as many threads, and splits as it does for users. */
import { init } from "../src/runtime/engine.js";
import { THREADS } from "./builds.js";

if (THREADS > 1) await init({ threads: THREADS });
