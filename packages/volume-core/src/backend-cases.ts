import { lstat, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Backend } from "./backend.ts";
import { demand, mountsIn, onStage, type BackendCase } from "./case-stage.ts";
import { cloneCases, sizeCases, snapshotCases, streamCases } from "./verb-cases.ts";

/** What volume-core counts on of this backend, as cases that its tests run one by one. */
export function backendCases(backend: Backend): readonly BackendCase[] {
  return [
    ...basicCases,
    ...(backend.staysMounted ? memoryCases : diskCases),
    ...(backend.snapshot === undefined ? [] : snapshotCases),
    ...(backend.clone === undefined ? [] : cloneCases),
    ...(backend.resize === undefined ? [] : sizeCases),
    ...(backend.send === undefined ? [] : streamCases),
  ];
}

const basicCases: readonly BackendCase[] = [
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
];

const diskCases: readonly BackendCase[] = [
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

const memoryCases: readonly BackendCase[] = [
  {
    title: "destroy unmounts everything from the volume's folder",
    run: onStage(async ({ backend, volume, signal }) => {
      await backend.provision(volume, signal);
      await backend.attach(volume, signal);
      await backend.detach(volume, signal);
      await backend.destroy(volume, signal);
      demand((await mountsIn(volume.folder)) === 0, "something is still mounted in the volume's folder");
    }),
  },
];
