// What the backend cases are played on.
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readMounts } from "@outrigger/linux";
import { parseOptions } from "@outrigger/plugin";
import type { Backend, BackendVolume } from "./backend.ts";

/** What a case is tried on. */
export interface BackendCaseOptions {
  readonly backend: Backend;
  /** An empty folder; what a case leaves in it is for the caller to delete. */
  readonly root: string;
  /** The options that volumes are made with. */
  readonly options?: Readonly<Record<string, string>>;
}

/** One thing that every backend does right; `run` rejects with what is wrong. */
export interface BackendCase {
  /** States a fact, so that it can be a test's title. */
  readonly title: string;
  readonly run: (options: BackendCaseOptions) => Promise<void>;
}

/** What a case plays with. */
export interface CaseStage {
  readonly backend: Backend;
  readonly volume: BackendVolume;
  readonly other: BackendVolume;
  /** An empty folder beside the volumes. */
  readonly beside: string;
  readonly signal: AbortSignal;
}

/** Gives a case two volumes with folders, and takes them off the backend again whatever the outcome is. */
export function onStage(play: (stage: CaseStage) => Promise<void>): BackendCase["run"] {
  return async ({ backend, root, options = {} }) => {
    const begin = async (name: string): Promise<BackendVolume> => {
      const folder = join(root, `${name}-${randomUUID()}`);
      await mkdir(folder, { mode: 0o700 });
      return { name, folder, options: parseOptions(backend.options, options) };
    };
    const signal = AbortSignal.timeout(60_000);
    const [volume, other] = [await begin("first"), await begin("second")];
    const beside = join(root, `beside-${randomUUID()}`);
    await mkdir(beside);
    await backend.open?.(signal);
    try {
      await play({ backend, volume, other, beside, signal });
    } finally {
      for (const one of [volume, other]) {
        await backend.detach(one, signal);
        await backend.destroy(one, signal);
      }
    }
  };
}

/** How many mounts are below a folder. */
export async function mountsIn(folder: string): Promise<number> {
  return (await readMounts()).filter(({ mountpoint }) => mountpoint.startsWith(`${folder}/`)).length;
}

/** Rejects the case. */
export function demand(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
