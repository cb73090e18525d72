// Which files a plugin is made of, and when one of them changes.
import { EventEmitter, once } from "node:events";
import { watch, type FSWatcher } from "node:fs";
import { basename, dirname, join } from "node:path";

/** The files of a plugin, being watched. */
export interface DevWatch extends Disposable {
  /** Watches these as well as what was watched before. */
  readonly add: (files: readonly string[]) => void;
  /** What has changed since the last time, once something has and is quiet again; rejects when aborted. */
  readonly changed: (signal: AbortSignal) => Promise<readonly string[]>;
  /** Heeds any source file beside the known ones: what is missing may be a file that is not there yet. */
  readonly widen: (wide: boolean) => void;
}

/** An editor's save is several changes in a row. */
const quietMs = 60;

const source = /\.[cm]?[jt]s$/;

/**
 * Watches folders rather than files, for an editor may put a new file in place of the old one. `onBlind` hears of a
 * folder that cannot be watched, and why.
 */
export function watchFiles(onBlind: (folder: string, error: unknown) => void): DevWatch {
  const folders = new Map<string, FSWatcher>();
  const known = new Set<string>();
  const pending = new Set<string>();
  const quiet = new EventEmitter();
  let isWide = false;
  let isQuiet = true;
  let timer: NodeJS.Timeout | undefined;

  const onChange = (file: string): void => {
    if (!known.has(file) && !(isWide && source.test(file))) return;
    pending.add(file);
    isQuiet = false;
    clearTimeout(timer);
    timer = setTimeout(() => {
      isQuiet = true;
      quiet.emit("quiet");
    }, quietMs);
  };
  const isReady = (): boolean => isQuiet && pending.size > 0;
  const add = (files: readonly string[]): void => {
    for (const file of files) {
      known.add(file);
      const folder = dirname(file);
      if (folders.has(folder)) continue;
      try {
        const watcher = watch(folder, (_event, name) => onChange(join(folder, name ?? basename(file))));
        watcher.on("error", (error) => onBlind(folder, error));
        folders.set(folder, watcher);
      } catch (error) {
        onBlind(folder, error);
      }
    }
  };
  const changed = async (signal: AbortSignal): Promise<readonly string[]> => {
    while (!isReady()) await once(quiet, "quiet", { signal });
    const files = [...pending];
    pending.clear();
    return files;
  };
  return {
    add,
    changed,
    widen: (wide) => (isWide = wide),
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      for (const watcher of folders.values()) watcher.close();
    },
  };
}
