// The last good copy of a state file: made beside it while it is in use, and put in its place when it is damaged.
import { randomUUID } from "node:crypto";
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { syncFolder } from "./sync-folder.ts";

/** Where a state file's last good copy lies. */
function goodCopyOf(file: string): string {
  return `${file}.good`;
}

/**
 * Replaces the last good copy by one of the database as it is now. Pages are copied off the event loop, and what is
 * written meanwhile may be missing. A copy that does not pass SQLite's check is thrown away, and the older one stays.
 */
export async function makeGoodCopy(database: DatabaseSync, file: string): Promise<void> {
  const unfinished = `${file}.new-${randomUUID()}`;
  try {
    closeSync(openSync(unfinished, "wx", 0o600));
    await backup(database, unfinished, { rate: 1000 });
    const finding = findDamage(unfinished);
    if (finding !== undefined)
      throw new Error(`the copy of state file ${file} is damaged (${finding}); check the disk`);
    syncFile(unfinished);
    // A folder in its place would keep it out for ever.
    if (statSync(goodCopyOf(file), { throwIfNoEntry: false })?.isDirectory() === true) {
      renameSync(goodCopyOf(file), `${goodCopyOf(file)}.damaged-${randomUUID()}`);
    }
    renameSync(unfinished, goodCopyOf(file));
    syncFolder(dirname(file));
  } finally {
    for (const part of ["", "-wal", "-shm", "-journal"]) rmSync(unfinished + part, { force: true });
  }
}

/** Puts the last good copy in the place of a file that is not there; false if there is none, or none that is whole. */
export function restoreGoodCopy(file: string, prepare: (database: DatabaseSync) => void): boolean {
  if (!existsSync(goodCopyOf(file)) || !statSync(goodCopyOf(file)).isFile()) return false;
  const unfinished = `${file}.new-${randomUUID()}`;
  try {
    // A copy of the copy, which stays until a newer one replaces it.
    copyFileSync(goodCopyOf(file), unfinished);
    if (findDamage(unfinished, prepare) !== undefined) return false;
    syncFile(unfinished);
    renameSync(unfinished, file);
    syncFolder(dirname(file));
    return true;
  } finally {
    for (const part of ["", "-wal", "-shm", "-journal"]) rmSync(unfinished + part, { force: true });
  }
}

/** What SQLite finds wrong with a file that nobody has open; leaves no log beside it. */
function findDamage(file: string, prepare: (database: DatabaseSync) => void = () => {}): string | undefined {
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA journal_mode = DELETE");
    const findings = database.prepare("PRAGMA quick_check").all();
    const finding = findings.map((row) => String(row["quick_check"])).find((text) => text !== "ok");
    if (finding === undefined) prepare(database);
    return finding;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    database.close();
  }
}

function syncFile(file: string): void {
  const descriptor = openSync(file, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
