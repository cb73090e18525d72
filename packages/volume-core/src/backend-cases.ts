import { randomUUID } from "node:crypto";
import { lstat, mkdir, readFile, rm, writeFile } from "node:fs/promises";
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

/** What volume-core counts on, as cases that a backend's tests run one by one. */
export const backendCases: readonly BackendCase[] = [
  {
    title: "data is kept from one attach to the next",
    run: onStage(async ({ backend, volume, signal }) => {
      await backend.provision(volume, signal);
      const first = await backend.attach(volume, signal);
      await writeFile(join(first, "file"), "kept");
      await backend.detach(volume, signal);
      const second = await backend.attach(volume, signal);
      demand((await readFile(join(second, "file"), "utf8")) === "kept", "the file is not what was written");
    }),
  },
  {
    title: "the mountpoint is a folder within the volume's own folder",
    run: onStage(async ({ backend, volume, signal }) => {
      await backend.provision(volume, signal);
      const mountpoint = await backend.attach(volume, signal);
      demand(mountpoint.startsWith(`${volume.folder}/`), `${mountpoint} is not within ${volume.folder}`);
      demand((await lstat(mountpoint)).isDirectory(), `${mountpoint} is not a folder`);
    }),
  },
  {
    title: "attach again finds the same mountpoint, and mounts nothing on top",
    run: onStage(async ({ backend, volume, signal }) => {
      await backend.provision(volume, signal);
      const first = await backend.attach(volume, signal);
      await writeFile(join(first, "file"), "seen");
      const mounts = await mountsIn(volume.folder);
      const second = await backend.attach(volume, signal);
      demand(second === first, `the second mountpoint is ${second}, the first ${first}`);
      demand((await readFile(join(second, "file"), "utf8")) === "seen", "the file is gone");
      demand((await mountsIn(volume.folder)) === mounts, "there are more mounts than before");
    }),
  },
  {
    title: "every step can be done again after it was done",
    run: onStage(async ({ backend, volume, signal }) => {
      for (let round = 0; round < 2; round++) {
        await backend.provision(volume, signal);
        await backend.provision(volume, signal);
        await backend.attach(volume, signal);
        await backend.detach(volume, signal);
        await backend.detach(volume, signal);
        await backend.destroy(volume, signal);
        await backend.destroy(volume, signal);
        await rm(volume.folder, { recursive: true });
        await mkdir(volume.folder);
      }
    }),
  },
  {
    title: "provisioning again keeps the data",
    run: onStage(async ({ backend, volume, signal }) => {
      await backend.provision(volume, signal);
      await writeFile(join(await backend.attach(volume, signal), "file"), "kept");
      await backend.detach(volume, signal);
      await backend.provision(volume, signal);
      const mountpoint = await backend.attach(volume, signal);
      demand((await readFile(join(mountpoint, "file"), "utf8")) === "kept", "the file is not what was written");
    }),
  },
  {
    title: "what was never begun can be undone",
    run: onStage(async ({ backend, volume, signal }) => {
      await backend.detach(volume, signal);
      await backend.destroy(volume, signal);
      await rm(volume.folder, { recursive: true });
      await backend.detach(volume, signal);
      await backend.destroy(volume, signal);
    }),
  },
  {
    title: "work that was told to stop can be undone, and done again",
    run: onStage(async ({ backend, volume, signal }) => {
      const stopped = AbortSignal.abort(new Error("told to stop"));
      await backend.provision(volume, stopped).catch(() => {});
      await backend.destroy(volume, signal);
      await backend.provision(volume, signal);
      await backend.attach(volume, stopped).catch(() => {});
      await backend.detach(volume, signal);
      await writeFile(join(await backend.attach(volume, signal), "file"), "x");
    }),
  },
  {
    title: "two volumes do not share data",
    run: onStage(async ({ backend, volume, other, signal }) => {
      for (const one of [volume, other]) {
        await backend.provision(one, signal);
        await writeFile(join(await backend.attach(one, signal), "file"), one.name);
      }
      const first = await backend.attach(volume, signal);
      demand((await readFile(join(first, "file"), "utf8")) === volume.name, "one volume shows the other's file");
    }),
  },
  {
    title: "detach unmounts everything from the volume's folder",
    run: onStage(async ({ backend, volume, signal }) => {
      await backend.provision(volume, signal);
      await backend.attach(volume, signal);
      await backend.detach(volume, signal);
      demand((await mountsIn(volume.folder)) === 0, "something is still mounted in the volume's folder");
    }),
  },
];

interface CaseStage {
  readonly backend: Backend;
  readonly volume: BackendVolume;
  readonly other: BackendVolume;
  readonly signal: AbortSignal;
}

/** Gives a case two volumes with folders, and takes them off the backend again whatever the outcome is. */
function onStage(play: (stage: CaseStage) => Promise<void>): BackendCase["run"] {
  return async ({ backend, root, options = {} }) => {
    const begin = async (name: string): Promise<BackendVolume> => {
      const folder = join(root, `${name}-${randomUUID()}`);
      await mkdir(folder, { mode: 0o700 });
      return { name, folder, options: parseOptions(backend.options, options) };
    };
    const signal = AbortSignal.timeout(60_000);
    const [volume, other] = [await begin("first"), await begin("second")];
    try {
      await play({ backend, volume, other, signal });
    } finally {
      for (const one of [volume, other]) {
        await backend.detach(one, signal);
        await backend.destroy(one, signal);
      }
    }
  };
}

async function mountsIn(folder: string): Promise<number> {
  return (await readMounts()).filter(({ mountpoint }) => mountpoint.startsWith(`${folder}/`)).length;
}

function demand(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
