// ReadLogs, as `docker logs` uses it.
import { decodeLogEntry, type LogEntry } from "@outrigger/protocol";
import { requestBytes } from "../connection.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import type { LogInfo } from "./log-pipe.ts";

const readLogs = "LogDriver.ReadLogs";

/** A time that is not set, as Go writes it. */
export const unset = "0001-01-01T00:00:00Z";

const everything = { Since: unset, Until: unset, Tail: -1, Follow: false };

/** Whether the plugin says that logs can be read. */
export async function canRead(trial: Trial): Promise<boolean> {
  const answer = await trial.send("LogDriver.Capabilities");
  return answer.failure === undefined && fieldOf(answer.fields, "Cap", "ReadLogs") === true;
}

/** Skips the case where logs cannot be read. */
export async function demandReading(trial: Trial): Promise<void> {
  if (!(await canRead(trial))) trial.skip("the plugin does not say that logs can be read: Cap.ReadLogs is not true");
}

/** Reads a log to its end; `config` is what differs from everything. */
export async function read(trial: Trial, info: LogInfo, config: object = {}): Promise<readonly LogEntry[]> {
  const answer = await trial.send(readLogs, { Info: info, Config: { ...everything, ...config } });
  if (answer.status !== 200) throw new Violation(`${readLogs} was refused: ${answer.failure ?? answer.status}`);
  const { entries, rest } = entriesIn(answer.reply.body);
  if (rest > 0) throw new Violation(`${readLogs} ends inside an entry, after ${rest} bytes of it`);
  return entries;
}

/** What was printed, without line ends: a plugin may join the pieces of a line. */
export function printed(entries: readonly LogEntry[]): string {
  return Buffer.concat(entries.map(({ line }) => line))
    .toString("latin1")
    .replaceAll("\n", "");
}

/** Waits until the log holds just what was printed; a plugin may store it after its answer. */
export async function readsBack(trial: Trial, info: LogInfo, expected: string): Promise<void> {
  let found = "";
  const isThere = await trial.until(async () => {
    found = printed(await read(trial, info));
    return found === expected;
  });
  if (isThere) return;
  throw new Violation(`the container printed ${shown(expected)}, and ${readLogs} gives ${shown(found)}`);
}

/** A read that goes on. */
export interface Follower {
  /** Undefined until the headers are there. */
  status(): number | undefined;
  /** What was printed so far. */
  printed(): string;
  ended(): boolean;
  leave(): void;
}

/** Begins to read a log and what will be added to it. */
export async function follow(trial: Trial, info: LogInfo): Promise<Follower> {
  const { socket } = await trial.link();
  let bytes: Buffer = Buffer.alloc(0);
  let closed = false;
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length > mostBytes) socket.destroy();
  });
  socket.on("close", () => (closed = true));
  socket.write(requestBytes(trial.wire.request(readLogs, { Info: info, Config: { ...everything, Follow: true } })));
  const stream = (): Stream => streamIn(bytes);
  return {
    status: () => stream().status,
    printed: () => printed(entriesIn(stream().body).entries),
    ended: () => stream().ended || closed,
    leave: () => void socket.destroy(),
  };
}

const mostBytes = 16 * 1024 * 1024;

interface Stream {
  readonly status: number | undefined;
  readonly body: Buffer;
  readonly ended: boolean;
}

/** As much of a reply as has come. */
function streamIn(bytes: Buffer): Stream {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return { status: undefined, body: Buffer.alloc(0), ended: false };
  const head = bytes.toString("latin1", 0, end);
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0);
  const rest = bytes.subarray(end + 4);
  if (!/\r\ntransfer-encoding:\s*chunked/i.test(head)) return { status, body: rest, ended: false };
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const line = rest.indexOf("\r\n", at);
    const text = line < 0 ? "" : rest.toString("latin1", at, line);
    const size = /^[0-9a-f]{1,8}(;.*)?$/i.test(text) ? Number.parseInt(text, 16) : Number.NaN;
    if (Number.isNaN(size) || size === 0) return { status, body: Buffer.concat(pieces), ended: size === 0 };
    pieces.push(rest.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

/** Whole entries, and how many bytes are left behind them. */
function entriesIn(bytes: Buffer): { readonly entries: readonly LogEntry[]; readonly rest: number } {
  const entries: LogEntry[] = [];
  let at = 0;
  while (bytes.length - at >= 4) {
    const length = bytes.readUInt32BE(at);
    if (bytes.length - at - 4 < length) break;
    entries.push(entryOf(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return { entries, rest: bytes.length - at };
}

function entryOf(message: Uint8Array): LogEntry {
  try {
    return decodeLogEntry(message);
  } catch (cause) {
    throw new Violation(
      `${readLogs} gives what is no log entry: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

function shown(text: string): string {
  return text.length > 120 ? `${text.length} bytes, ${JSON.stringify(text.slice(0, 60))}…` : JSON.stringify(text);
}
