// What containers print, kept in files: `docker run --log-driver logbook ...`, and `docker logs` reads them back. Each
// pipe of the engine's is copied as it is into a file of its own, which goes on where it ended when this process is
// started again; what it says is made out when it is read.
import { EventEmitter, once } from "node:events";
import { closeSync, fstatSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  definePlugin,
  definePluginModule,
  readLogPipe,
  type Call,
  type Driver,
  type Logger,
  type LogPipe,
} from "@outrigger/plugin";
import { decodeLogEntries, encodeLogEntry, RequestError, type LogEntry, type logDriver } from "@outrigger/protocol";
import { openStore, type Table } from "@outrigger/store";

export const plugin = definePluginModule({
  name: "logbook",
  doc: "What containers print, in files.",
  options: {
    root: { type: "path", default: "/var/lib/logbook", doc: "Where the files are; they stay until removed." },
  },
  async open({ root }, { name, log }) {
    const store = openStore({ file: join(root, "state.db") });
    // Written by this plugin alone, in this shape.
    const logs = new Logs(
      root,
      store.table("pipes", (value) => value as string),
      log,
    );
    return {
      ...definePlugin({ name, drivers: { LogDriver: logs.driver() } }),
      [Symbol.asyncDispose]: async () => {
        logs.close();
        await store[Symbol.asyncDispose]();
      },
    };
  },
});

/** Options that the engine itself reads, and sends along. */
const known = /^(mode|max-buffer-size|cache-.+)$/;

class Logs {
  readonly #root: string;
  /** The file that a pipe is copied into. */
  readonly #files: Table<string>;
  readonly #log: Logger;
  readonly #copies = new Map<string, Copy>();

  constructor(root: string, files: Table<string>, log: Logger) {
    this.#root = root;
    this.#files = files;
    this.#log = log;
    // The engine does not ask again; a pipe that nobody empties stops its container.
    for (const [pipe, file] of files.entries()) {
      try {
        this.#open(pipe, file);
      } catch (error) {
        log.info(`${pipe} is gone: ${String(error)}`);
        files.delete(pipe);
      }
    }
  }

  driver(): Driver<typeof logDriver> {
    return {
      startLogging: ({ File, Info }) => {
        const option = Object.keys(Info.Config ?? {}).find((name) => !known.test(name));
        if (option !== undefined) throw new RequestError(`unknown option "${option}"; leave out --log-opt ${option}`);
        if (this.#copies.has(File)) return;
        const file = join(this.#folder(Info.ContainerID), `${Date.now()}-${process.hrtime.bigint()}.log`);
        this.#open(File, file);
        this.#files.set(File, file);
      },
      stopLogging: ({ File }) => {
        this.#copies.get(File)?.drain();
        this.#forget(File);
      },
      capabilities: () => ({ Cap: { ReadLogs: true } }),
      readLogs: ({ Info, Config = {} }, call) => this.#read(this.#folder(Info.ContainerID), Config, call),
    };
  }

  close(): void {
    for (const copy of this.#copies.values()) copy.close();
  }

  #folder(container: string): string {
    if (!/^[0-9a-f]{64}$/.test(container)) throw new RequestError(`"${container}" is no container's id`);
    return join(this.#root, container);
  }

  #open(pipe: string, file: string): void {
    const end = (): void => this.#forget(pipe);
    const error = (error: unknown): void => this.#log.warn(`${pipe} waits for ${file}`, error);
    this.#copies.set(pipe, new Copy(pipe, file, { end, error }));
  }

  #forget(pipe: string): void {
    this.#copies.get(pipe)?.close();
    this.#copies.delete(pipe);
    this.#files.delete(pipe);
  }

  async *#read(folder: string, config: ReadConfig, call: Call): AsyncGenerator<Uint8Array> {
    const { Tail = -1, Follow = false } = config;
    const [since, until] = [toNanoseconds(config.Since), toNanoseconds(config.Until)];
    const isWanted = ({ timeNano }: LogEntry): boolean => since === undefined || timeNano >= since;
    const isLate = ({ timeNano }: LogEntry): boolean => until !== undefined && timeNano > until;
    let skip = 0;
    if (Tail >= 0) {
      // Read twice, rather than keep as many lines as somebody may ask for.
      for await (const entry of this.#entries(folder, false, call))
        if (isWanted(entry) && !isLate(entry) && endsLine(entry)) skip++;
      skip = Math.max(0, skip - Tail);
    }
    for await (const entry of this.#entries(folder, Follow, call)) {
      if (isLate(entry)) return;
      if (!isWanted(entry)) continue;
      if (skip === 0) yield encodeLogEntry(endsLine(entry) ? withNewline(entry) : entry);
      else if (endsLine(entry)) skip--;
    }
  }

  async *#entries(folder: string, follow: boolean, call: Call): AsyncGenerator<LogEntry> {
    const read = new Set<string>();
    for (;;) {
      const names = await readdir(folder).catch(() => []);
      const next = names.toSorted((a, b) => (a < b ? -1 : 1)).find((name) => !read.has(name));
      if (next === undefined) return;
      read.add(next);
      try {
        yield* decodeLogEntries(this.#bytes(join(folder, next), follow, call));
      } catch (error) {
        // The last entry is still being written, or never was finished.
        if (!(error instanceof RangeError)) throw error;
      }
    }
  }

  async *#bytes(file: string, follow: boolean, { signal }: Call): AsyncGenerator<Uint8Array> {
    await using opened = await open(file);
    for (let at = 0; ;) {
      // Looked up before it is read, for it may end in between.
      const copy = follow ? this.#copies.values().find((copy) => copy.file === file) : undefined;
      const { bytesRead, buffer } = await opened.read({ buffer: Buffer.alloc(64 * 1024), position: at });
      at += bytesRead;
      if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
      else if (copy === undefined) return;
      else if (copy.isOpen && copy.size === at) await once(copy.changes, "change", { signal });
    }
  }
}

/** A pipe of the engine's that is copied into a file. */
class Copy {
  readonly file: string;
  readonly changes = new EventEmitter().setMaxListeners(0);
  /** Bytes in the file. */
  size: number;
  isOpen = true;
  readonly #fd: number;
  readonly #pipe: LogPipe;

  constructor(pipe: string, file: string, on: { end: () => void; error: (error: unknown) => void }) {
    this.file = file;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#fd = openSync(file, "a", 0o600);
    this.size = fstatSync(this.#fd).size;
    try {
      this.#pipe = readLogPipe(pipe, { write: (bytes) => this.#write(bytes), onEnd: on.end, onError: on.error });
    } catch (error) {
      closeSync(this.#fd);
      if (this.size === 0) rmSync(file);
      throw error;
    }
  }

  drain(): void {
    this.#pipe.drain();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#pipe.close();
    closeSync(this.#fd);
    // Made for a look at older ones, as the engine does for `docker logs` of a stopped container.
    if (this.size === 0) rmSync(this.file, { force: true });
    this.changes.emit("change");
  }

  #write(bytes: Uint8Array): number {
    const count = writeSync(this.#fd, bytes);
    this.size += count;
    this.changes.emit("change");
    return count;
  }
}

type ReadConfig = NonNullable<Parameters<NonNullable<Driver<typeof logDriver>["readLogs"]>>[0]["Config"]>;

/** A long line comes in pieces, each marked as one, the last as well. */
function endsLine({ partial, partialLogMetadata }: LogEntry): boolean {
  return !partial || partialLogMetadata?.last === true;
}

function withNewline(entry: LogEntry): LogEntry {
  return { ...entry, line: Buffer.concat([entry.line, Buffer.from("\n")]) };
}

/** RFC 3339 to the nanosecond; the year 1 stands for no limit. */
function toNanoseconds(time = ""): bigint | undefined {
  const milliseconds = Date.parse(time.replace(/\.\d+/, ""));
  if (Number.isNaN(milliseconds) || milliseconds < 0) return undefined;
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}
