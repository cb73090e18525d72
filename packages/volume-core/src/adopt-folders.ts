import type { Store } from "@outrigger/store";
import { readLabel, type Label } from "./label-file.ts";
import { removedTable, volumeTable, type RemovedRecord } from "./load-records.ts";
import type { VolumeFolders } from "./volume-folders.ts";
import { folderNameOf } from "./volume-name.ts";
import type { StoredVolume } from "./volume-record.ts";

/** What came of it, for people. */
export interface Adoption {
  readonly volumes: number;
  readonly removed: number;
  /** Folders that were left alone, each with the reason. */
  readonly leftAlone: readonly string[];
}

/**
 * Makes the records anew from the folders' labels, after the state file was lost or an older copy took its place. What
 * the copy says of a volume is older than its label; only who held it is nowhere else. A container may still have a
 * volume, so each counts as half attached: its recovery asks the kernel.
 */
export async function adoptFolders(store: Store, folders: VolumeFolders): Promise<Adoption> {
  const [volumes, removed] = [volumeTable(store), removedTable(store)];
  const held = new Map(volumes.entries().map(([name, { holds }]) => [name, holds]));
  const found = new Map<string, StoredVolume>();
  const aside = new Map<string, RemovedRecord>();
  const leftAlone: string[] = [];
  for (const folder of await folders.names()) {
    const label = await usable(folders, folder);
    if (typeof label === "string") leftAlone.push(label);
    else if (found.has(label.name)) leftAlone.push(`${folder}: volume ${label.name} has another folder too`);
    else if (label.removedAt !== undefined)
      aside.set(folder, { ...descriptionOf(label), name: label.name, removedAt: label.removedAt, until: label.until });
    else {
      const own = folder === folderNameOf(label.name) ? undefined : folder;
      found.set(label.name, {
        ...descriptionOf(label),
        folder: own,
        phase: "attaching",
        holds: held.get(label.name) ?? [],
      });
    }
  }
  store.transaction(() => {
    for (const [name] of volumes.entries()) volumes.delete(name);
    for (const [id] of removed.entries()) removed.delete(id);
    for (const [name, record] of found) volumes.set(name, record);
    for (const [id, record] of aside) removed.set(id, record);
    store.acceptOrigin();
  });
  return { volumes: found.size, removed: aside.size, leftAlone };
}

function descriptionOf({ options, backend, createdAt, size, snapshots }: Label) {
  return { options, backend, createdAt, size, snapshots };
}

/** A folder's label, or why there is none to go by. */
async function usable(folders: VolumeFolders, folder: string): Promise<Label | string> {
  try {
    const label = await readLabel(folders.of("", folder));
    if (label === undefined) return `${folder}: it has no volume.json`;
    const expected = label.folder ?? folderNameOf(label.name);
    return expected === folder ? label : `${folder}: its volume.json is that of ${expected}`;
  } catch (error) {
    return `${folder}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
