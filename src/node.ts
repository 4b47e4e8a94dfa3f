/** Model files on disk, for Node, Deno and Bun. Everything else is in the main entry. */
import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { typeError } from "./check.js";
import { loadModel, saveModel, type LoadOptions, type SaveOptions } from "./index.js";
import type { Model } from "./models/model.js";

/**
 * Writes a model to a file: beside it first, then renamed over it, so that a crash leaves the old file or the new one
 * and never half of one.
 */
export async function saveModelFile(path: string, model: Model, options: SaveOptions = {}): Promise<void> {
  await writeFileAtomically(checkPath("saveModelFile", path), saveModel(model, options));
}

/** Reads a model from a file of `saveModelFile`. */
export async function loadModelFile(path: string, options: LoadOptions = {}): Promise<Model> {
  return loadModel(await readFile(checkPath("loadModelFile", path)), options);
}

function checkPath(where: string, path: unknown): string {
  if (typeof path !== "string" || path === "") throw typeError(where, "path must name a file", "path", path);
  return path;
}

/** Writes bytes beside the file, flushes them to disk, and renames. */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(beside, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
