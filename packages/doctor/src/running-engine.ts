// The dockerd that uses these folders: found in /proc, so that one that hangs is found too.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describeProcess, processIds, type ProcessFacts } from "@outrigger/linux";
import type { Host } from "./host.ts";

/** A running dockerd. */
export interface RunningEngine {
  readonly process: ProcessFacts;
  /** Its root as we reach it: an engine may have a mount namespace of its own. */
  readonly root: string;
  /** Stopped by a signal or a debugger. */
  readonly stopped: boolean;
  /** The values of a flag on its command line, such as `--data-root`. */
  flag(...names: readonly string[]): readonly string[];
}

/** The engine that looks for plugins in the host's folder of sockets, which must not hang. */
export async function findRunningEngine(host: Host): Promise<RunningEngine | undefined> {
  const ours = await identityOf(host.folders.sockets);
  const ourRoot = await identityOf(host.root);
  // The root of a machine that does not run has no processes.
  for (const pid of await processIds(host.proc).catch(() => [])) {
    const folder = `${host.proc}/${pid}`;
    if ((await readFile(`${folder}/comm`, "utf8").catch(() => "")) !== "dockerd\n") continue;
    // Anybody can call a program so.
    const user = (await stat(folder).catch(() => undefined))?.uid;
    if (user !== 0 && user !== process.getuid?.()) continue;
    const root = `${folder}/root`;
    const theirs = await identityOf(join(root, "run/docker/plugins"));
    const same = ours === undefined ? host.ownFolders && (await identityOf(`${root}/`)) === ourRoot : theirs === ours;
    if (!same) continue;
    const words = (await readFile(`${folder}/cmdline`, "utf8").catch(() => "")).split("\0");
    return {
      process: await describeProcess(pid, host.proc),
      // With the same root as ours, paths read as they are written.
      root: (await identityOf(`${root}/`)) === ourRoot ? host.root : root,
      stopped: await isStopped(folder),
      flag: (...names) => valuesOf(words, names),
    };
  }
  return undefined;
}

async function identityOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && `${stats.dev}:${stats.ino}`;
}

async function isStopped(folder: string): Promise<boolean> {
  const text = await readFile(`${folder}/stat`, "utf8").catch(() => "");
  return /^[Tt]$/.test(text.slice(text.lastIndexOf(")") + 2).split(" ")[0] ?? "");
}

/** `--flag value` and `--flag=value`, as Go's pflag reads them. */
function valuesOf(words: readonly string[], names: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    const [name = "", ...rest] = word.split("=");
    if (!names.includes(name)) return [];
    return rest.length > 0 ? [rest.join("=")] : (words[index + 1] ?? []);
  });
}
