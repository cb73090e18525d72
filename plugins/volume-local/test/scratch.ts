// Folders for tests that mount things: everything in them is unmounted before they go.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unmountFolder } from "@outrigger/linux";

/** A folder that goes with all that is in it and mounted below it. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
}

/** Makes one. */
export async function scratch(): Promise<Scratch> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "outrigger-local-")));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await unmountFolder(path, { below: true });
      await rm(path, { recursive: true, force: true });
    },
  };
}
