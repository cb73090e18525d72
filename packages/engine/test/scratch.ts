import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { PluginFolders } from "../src/plugin-folders.ts";

/** Plugin folders of a test's own, empty at first. */
export interface Scratch extends AsyncDisposable {
  readonly root: string;
  readonly folders: PluginFolders;
  /** Writes a file below the root, making folders as needed; returns its path. */
  write(path: string, text: string): Promise<string>;
  /** A path below the root whose folder exists. */
  path(path: string): Promise<string>;
}

/** Makes a root with `run`, `etc` and `lib` as the engine's three folders. */
export async function scratch(): Promise<Scratch> {
  const root = await mkdtemp(join(tmpdir(), "engine-"));
  const path = async (name: string): Promise<string> => {
    const file = join(root, name);
    await mkdir(dirname(file), { recursive: true });
    return file;
  };
  return {
    root,
    folders: { sockets: join(root, "run"), specs: [join(root, "etc"), join(root, "lib")] },
    path,
    write: async (name, text) => {
      const file = await path(name);
      await writeFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  };
}
