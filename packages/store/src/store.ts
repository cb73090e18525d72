import type { DatabaseSync, StatementSync } from "node:sqlite";
import { makeGoodCopy } from "./good-copy.ts";
import { openStateFile, originKey, type OnDamage, type Origin } from "./state-file.ts";
import { StoreError } from "./store-error.ts";

/** Rewrites records of one schema version into the next; runs inside a transaction. */
export type Migration = (store: Store) => void;

/** Where the state lives and how old layouts of its records are brought forward. */
export interface StoreOptions {
  /** Path of the SQLite file; it and a missing folder are made, readable by the owner alone. */
  readonly file: string;
  /**
   * One step for each schema version so far, oldest first: their number is the version this program writes. A file of
   * an older version is brought forward, one of a newer version refused.
   */
  readonly migrations?: readonly Migration[];
  /**
   * `refuse`, where left out: a damaged file is set aside, and somebody has to decide. `recover`: its last good copy is
   * put in its place, or a new file where there is none; the same for a file that is gone. `origin` then says so.
   */
  readonly onDamage?: OnDamage;
}

/**
 * What a write has to outlive. After `kill` the disk is not waited for: the write is there when the process ends in any
 * way, but a power cut may undo it, and whatever was written behind it; never anything before it.
 */
export type Survives = "power-cut" | "kill";

/** A record, and the JSON that it was read from. */
export interface Row<T> {
  readonly key: string;
  readonly value: T;
  readonly text: string;
}

/** Records of one kind, by key. */
export interface Table<T> {
  get(key: string): T | undefined;
  /** Within a transaction `survives` is the transaction's. */
  set(key: string, value: T, survives?: Survives): void;
  delete(key: string): void;
  /** All records in the order of their keys. */
  entries(): [key: string, value: T][];
  /** The same one after another, each with its text, for when there are many. */
  rows(): IterableIterator<Row<T>>;
}

/**
 * Durable records in one file that one process holds.
 * Calls are synchronous, so that memory and disk change in one step of the event loop; a commit is on the disk when it
 * returns, about a quarter of a millisecond on an SSD, unless it was told that it need not be.
 */
export interface Store extends AsyncDisposable {
  /** The records called `name`; `parse` checks what was read and throws if it is not a record of this kind. */
  table<T>(name: string, parse: (value: unknown) => T): Table<T>;
  /**
   * Where the records came from: as the last run left them, a new file, or the last good copy, which may be older than
   * what they describe. The same at each opening until `acceptOrigin`.
   */
  readonly origin: Origin;
  /** The records have been compared with what they describe, so `origin` is `kept` from now on. */
  acceptOrigin(): void;
  /** Brings the last good copy up to date, if anything has changed; does not hold up the event loop. */
  keepCopy(): Promise<void>;
  /** All writes of `work` become durable together, or none does if it throws. `work` must not be asynchronous. */
  transaction<T>(work: () => T extends PromiseLike<unknown> ? never : T): T;
}

/**
 * Opens a state file and keeps every other process out of it until it is disposed or this process ends, however that
 * happens. A damaged file is set aside and reported, and not replaced until somebody decides what to do with it.
 * Throws `StoreError`.
 */
export function openStore(options: StoreOptions): Store {
  const { file, migrations = [], onDamage = "refuse" } = options;
  const database = openStateFile(file, onDamage);
  try {
    const store = new SqliteStore(database, file);
    store.bringForward(migrations);
    return store;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Rows that are read at once: one by one they take three times as long, and all together much memory. */
const pageSize = 1000;

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #delete: StatementSync;
  readonly #next: StatementSync;
  #waits = true;
  #copied: number | undefined;
  #copying: Promise<void> | undefined;

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#file = file;
    this.#get = database.prepare("SELECT value FROM records WHERE kind = ? AND key = ?");
    this.#set = database.prepare("INSERT OR REPLACE INTO records (kind, key, value) VALUES (?, ?, ?)");
    this.#delete = database.prepare("DELETE FROM records WHERE kind = ? AND key = ?");
    this.#next = database.prepare("SELECT key, value FROM records WHERE kind = ? AND key > ? ORDER BY key LIMIT ?");
    this.#next.setReturnArrays(true);
  }

  table<T>(name: string, parse: (value: unknown) => T): Table<T> {
    const read = (key: string, text: string): T => {
      try {
        return parse(JSON.parse(text));
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new StoreError(
          "unreadable",
          `state file ${this.#file}: record "${key}" of "${name}" makes no sense (${why}); restore the file from a backup`,
          { cause },
        );
      }
    };
    const next = this.#next;
    function* rows(): Generator<Row<T>> {
      for (let last: string | undefined = ""; last !== undefined;) {
        // As the statement's columns are: a key and a text.
        const page = next.all(name, last, pageSize) as unknown as [string, string][];
        for (const [key, text] of page) yield { key, value: read(key, text), text };
        last = page.length === pageSize ? page.at(-1)?.[0] : undefined;
      }
    }
    return {
      rows,
      get: (key) => {
        const row = this.#get.get(name, key);
        return row === undefined ? undefined : read(key, String(row["value"]));
      },
      set: (key, value, survives = "power-cut") => {
        this.#waitForDisk(survives === "power-cut");
        this.#set.run(name, key, JSON.stringify(value));
      },
      delete: (key) => {
        this.#waitForDisk(true);
        this.#delete.run(name, key);
      },
      entries: () => Array.from(rows(), ({ key, value }) => [key, value]),
    };
  }

  get origin(): Origin {
    const row = this.#get.get(originKey.kind, originKey.key);
    if (row === undefined) return "kept";
    return row["value"] === '"new"' ? "new" : "restored";
  }

  acceptOrigin(): void {
    this.#waitForDisk(true);
    this.#delete.run(originKey.kind, originKey.key);
  }

  keepCopy(): Promise<void> {
    return (this.#copying ??= this.#copy().finally(() => (this.#copying = undefined)));
  }

  async #copy(): Promise<void> {
    const changes = Number(this.#database.prepare("SELECT total_changes() AS changes").get()?.["changes"]);
    if (changes === this.#copied) return;
    await makeGoodCopy(this.#database, this.#file);
    this.#copied = changes;
  }

  transaction<T>(work: () => T extends PromiseLike<unknown> ? never : T): T {
    this.#waitForDisk(true);
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** https://sqlite.org/pragma.html#pragma_synchronous: with a write-ahead log, NORMAL loses no order and no whole file. */
  #waitForDisk(waits: boolean): void {
    if (this.#waits === waits || this.#database.isTransaction) return;
    this.#database.exec(`PRAGMA synchronous = ${waits ? "FULL" : "NORMAL"}`);
    this.#waits = waits;
  }

  bringForward(migrations: readonly Migration[]): void {
    const version = Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version > migrations.length) {
      throw new StoreError(
        "newer",
        `state file ${this.#file} was written by a newer release (schema ${version}, this one knows ${migrations.length}); start that release, or restore a backup from before the upgrade`,
      );
    }
    if (version === migrations.length) return;
    this.transaction(() => {
      for (const migrate of migrations.slice(version)) migrate(this);
      this.#database.exec(`PRAGMA user_version = ${migrations.length}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#copying?.catch(() => {});
    if (this.#database.isOpen) this.#database.close();
  }
}
