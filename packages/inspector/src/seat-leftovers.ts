// What a trace that was killed left behind, and how it is put right.
import { lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { lockPath } from "./path-lock.ts";
import { socketState } from "./socket-state.ts";

/** The folder beside a plugin's socket in which the plugin's own is kept while it is traced. */
export interface AsideFolder {
  readonly folder: string;
  /** The plugin's own socket, within it. */
  readonly plugin: string;
  /** Whose place it is kept for. */
  readonly path: string;
  /** The process that traced, or traces. */
  readonly pid: number;
}

const namePattern = /^\.outrigger-trace-(\d+)-(.+)$/s;

/**
 * Where this process would keep a socket. A folder, since the engine takes every socket that lies in its folder for a
 * plugin, whatever its name, and would wait 15 s for each in `docker volume ls`.
 */
export function asideFor(path: string, pid: number = process.pid): AsideFolder {
  const name = path.slice(dirname(path).length).replace(/^\//, "");
  return asideIn(dirname(path), { pid, name });
}

/** The sockets that were moved aside in a folder, by running traces and by ones that were killed. Asks nobody. */
export function findAside(folder: string): AsideFolder[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const [, pid, name] = namePattern.exec(entry.name) ?? [];
    if (!entry.isDirectory() || pid === undefined || name === undefined) return [];
    return [asideIn(folder, { pid: Number(pid), name })];
  });
}

/** What `putBack` did about one leftover. */
export interface PutBack {
  readonly path: string;
  readonly pid: number;
  /** `restored`: the plugin has its place again; `cleared`: there was nothing left to put back. */
  readonly what: "restored" | "cleared";
}

/**
 * Puts every plugin of a folder back in its place whose trace was killed. What is traced now is left alone, and so is
 * what cannot be told apart from that.
 */
export async function putBack(folder: string): Promise<PutBack[]> {
  const done: PutBack[] = [];
  for (const aside of findAside(folder)) {
    using lock = await lockPath(aside.path);
    if (lock === undefined) continue;
    const what = await putOneBack(aside);
    if (what !== undefined) done.push({ path: aside.path, pid: aside.pid, what });
  }
  return done;
}

/** The same for one; the caller holds the lock. Undefined where both the place and the leftover are in use. */
export async function putOneBack(aside: AsideFolder): Promise<PutBack["what"] | undefined> {
  const kept = lstatSync(aside.plugin, { throwIfNoEntry: false });
  const seated = lstatSync(aside.path, { throwIfNoEntry: false });
  let what: PutBack["what"] = "cleared";
  if (kept !== undefined && kept.ino !== seated?.ino) {
    const place = await socketState(aside.path);
    if (place === "foreign") return undefined;
    if (place === "live") {
      // The plugin has made itself a new one, or a trace beyond our sight is at work.
      if ((await socketState(aside.plugin)) === "live") return undefined;
    } else {
      renameSync(aside.plugin, aside.path);
      what = "restored";
    }
  }
  rmSync(aside.folder, { recursive: true, force: true });
  return what;
}

function asideIn(parent: string, { pid, name }: { pid: number; name: string }): AsideFolder {
  const folder = join(parent, `.outrigger-trace-${pid}-${name}`);
  return { folder, plugin: join(folder, "plugin"), path: join(parent, name), pid };
}
