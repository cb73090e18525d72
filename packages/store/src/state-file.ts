// The SQLite file itself: made whole or not at all, held by one process, checked, and set aside when damaged.
import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { restoreGoodCopy } from "./good-copy.ts";
import { lockHolder } from "./lock-holder.ts";
import { StoreError } from "./store-error.ts";
import { syncFolder } from "./sync-folder.ts";

/** "OUTR": marks a file as ours and its one table as the layout below. */
const applicationId = 0x4f555452;

const layout = `
  CREATE TABLE records (kind TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
`;

// https://sqlite.org/rescode.html
const resultCode = { busy: 5, corrupt: 11, notADatabase: 26 };

const unfinishedMark = ".new-";

/** Where a file's records came from when it was opened. */
export type Origin = "kept" | "new" | "restored";

/** The record that says so, until whoever uses the file has taken note. */
export const originKey = { kind: "store", key: "origin" } as const;

/** What happens to a file that is damaged: somebody has to decide, or it is replaced by its copy, or by a new one. */
export type OnDamage = "refuse" | "recover";

/** Opens the file for this process alone, and makes it first where there is none. Throws `StoreError`. */
export function openStateFile(file: string, onDamage: OnDamage): DatabaseSync {
  checkFolder(dirname(file));
  try {
    return openOrMake(file, onDamage);
  } catch (error) {
    const damaged = error instanceof StoreError && error.code === "damaged";
    if (!damaged || onDamage === "refuse") throw error;
    // It was set aside, so this makes another.
    return openOrMake(file, onDamage);
  }
}

function openOrMake(file: string, onDamage: OnDamage): DatabaseSync {
  // SQLite would not open it, and only say that.
  if (existsSync(file) && !statSync(file).isFile()) throw setAside(file, { why: "it is no file" });
  if (!existsSync(file)) {
    if (onDamage === "refuse") refuseToReplaceDamaged(file);
    if (onDamage === "refuse" || !restoreGoodCopy(file, (database) => markOrigin(database, "restored"))) make(file);
  }
  const database = new DatabaseSync(file);
  try {
    hold(database);
    check(database, file);
    chooseJournal(database);
    clearUnfinished(file);
    return database;
  } catch (error) {
    const explained = explain(error, file);
    database.close();
    throw explained;
  }
}

function checkFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { mode, uid } = statSync(folder);
  if ((mode & 0o022) !== 0) {
    throw new StoreError(
      "unsafe",
      `state folder ${folder} can be written by other users; take that away with: chmod go-w ${folder}`,
    );
  }
  const own = process.getuid?.() ?? uid;
  if (uid !== own && uid !== 0) {
    throw new StoreError(
      "unsafe",
      `state folder ${folder} belongs to user ${uid}, who could exchange all that is in it; take it over with: chown ${own} ${folder}`,
    );
  }
}

function refuseToReplaceDamaged(file: string): void {
  const damaged = readdirSync(dirname(file)).find((name) => name.startsWith(`${basename(file)}.damaged-`));
  if (damaged === undefined) return;
  const aside = join(dirname(file), damaged);
  throw new StoreError(
    "damaged",
    `state file ${file} was damaged and set aside in ${aside}; put a backup in its place, or move that folder elsewhere to begin without any state`,
  );
}

/** An interrupted start must not leave a file that looks damaged, so it gets its name only when it is complete. */
function make(file: string): void {
  const unfinished = `${file}${unfinishedMark}${randomUUID()}`;
  closeSync(openSync(unfinished, "wx", 0o600));
  try {
    const database = new DatabaseSync(unfinished);
    database.exec(`BEGIN; ${layout}`);
    markOrigin(database, "new");
    database.exec("COMMIT");
    database.close();
    linkUnlessThere(unfinished, file);
  } finally {
    rmSync(unfinished, { force: true });
  }
  syncFolder(dirname(file));
}

function markOrigin(database: DatabaseSync, origin: Origin): void {
  const insert = database.prepare("INSERT OR REPLACE INTO records (kind, key, value) VALUES (?, ?, ?)");
  insert.run(originKey.kind, originKey.key, JSON.stringify(origin));
}

/** Takes away what processes left that were killed while they made the file; one that is at it now will find ours. */
function clearUnfinished(file: string): void {
  const names = readdirSync(dirname(file)).filter((name) => name.startsWith(basename(file) + unfinishedMark));
  for (const name of names) rmSync(join(dirname(file), name), { force: true });
}

/** Two processes may start at once: the second goes on with the first one's file, and finds it in use. */
function linkUnlessThere(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

/** Takes the file's lock, which the kernel gives back when the process ends. */
function hold(database: DatabaseSync): void {
  database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
}

/**
 * The write-ahead log needs one flush for each commit where the rollback journal needs three; both are safe against
 * power loss with `synchronous = FULL`.
 */
function chooseJournal(database: DatabaseSync): void {
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
}

function check(database: DatabaseSync, file: string): void {
  const id = database.prepare("PRAGMA application_id").get()?.["application_id"];
  if (id !== applicationId && database.prepare("SELECT name FROM sqlite_schema").get() !== undefined) {
    throw new StoreError("foreign", `${file} is the database of another program; give the plugin a file of its own`);
  }
  const findings = database.prepare("PRAGMA integrity_check").all();
  const finding = findings.map((row) => String(row["integrity_check"])).find((text) => text !== "ok");
  if (finding !== undefined || id !== applicationId) throw setAside(file, { why: finding ?? "it is empty" });
}

function explain(error: unknown, file: string): unknown {
  if (!(error instanceof Error && "errcode" in error)) return error;
  // Extended result codes carry the plain one in their low byte.
  const code = Number(error.errcode) & 0xff;
  if (code === resultCode.corrupt || code === resultCode.notADatabase) {
    return setAside(file, { why: error.message, cause: error });
  }
  if (code !== resultCode.busy) {
    return new StoreError("unreadable", `state file ${file} cannot be opened: ${error.message}`, { cause: error });
  }
  const holder = lockHolder(file);
  const who = holder === undefined ? "another process" : `process ${holder}`;
  return new StoreError("in-use", `state file ${file} is in use by ${who}; stop that first`, { cause: error });
}

/** Moves the damaged file with its write-ahead log into a folder of their own, while we still hold it. */
function setAside(file: string, options: { readonly why: string; readonly cause?: unknown }): StoreError {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(":", "")}`;
  mkdirSync(aside, { mode: 0o700 });
  for (const part of [`${file}-wal`, `${file}-journal`, file]) {
    if (existsSync(part)) renameSync(part, join(aside, basename(part)));
  }
  syncFolder(dirname(file));
  return new StoreError(
    "damaged",
    `state file ${file} is damaged (${options.why}) and was set aside in ${aside}; put a backup in its place, or move that folder elsewhere to begin without any state`,
    { cause: options.cause },
  );
}
