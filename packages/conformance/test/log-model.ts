// A log plugin in memory that can be read; a fault replaces one of its steps.
import { closeSync, constants, openSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { decodeLogEntry, encodeLogEntry, type LogEntry } from "@outrigger/protocol";
import type { Handlers, Intercept } from "./model.ts";

interface Info {
  readonly ContainerID: string;
  readonly ContainerArgs?: readonly string[] | null;
  readonly Config?: { readonly [option: string]: string } | null;
}

interface ReadConfig {
  readonly Since: string;
  readonly Until: string;
  readonly Tail: number;
  readonly Follow?: boolean;
}

/** The steps of the model. */
export interface LogSteps {
  readonly capabilities: () => unknown;
  /** Whether a pipe is opened beside so many that are. */
  readonly opens: (pipes: number) => boolean;
  /** Throws on what it refuses; the pipe is open already where it is called. */
  readonly check: (info: Info) => void;
  /** Which of what has come is looked at. */
  readonly chunk: (bytes: Buffer) => Buffer;
  /** Decodes one entry; throws to close the pipe, returns undefined to leave it out. */
  readonly entry: (message: Buffer) => LogEntry | undefined;
  /** Whether to go on reading after so many bytes of a pipe. */
  readonly goesOn: (bytes: number) => boolean;
  readonly store: (add: () => void) => void;
  /** What a new pipe does to what is there already. */
  readonly opened: (entries: LogEntry[]) => void;
  /** What the end of a pipe does. */
  readonly stopped: (log: OpenLog, entries: LogEntry[]) => void;
  readonly unknownStop: () => void;
  readonly output: (entry: LogEntry) => LogEntry;
  readonly selects: (entries: readonly LogEntry[], config: ReadConfig) => readonly LogEntry[];
  /** Sends headers before there is anything to send. */
  readonly flush: (response: ServerResponse) => void;
  readonly ends: boolean;
  readonly followEnds: boolean;
  /** Whether a reader may follow. */
  readonly follow: () => boolean;
  readonly unknownLog: (response: ServerResponse) => boolean;
  readonly refusedKeepsPipe: boolean;
  readonly stopKeepsPipe: boolean;
  readonly endKeepsPipe: boolean;
}

interface OpenLog {
  readonly pipe: Socket;
  readonly info: Info;
  bytes: number;
}

const year1 = "0001-01-01T00:00:00Z";

const soundSteps: LogSteps = {
  capabilities: () => ({ Cap: { ReadLogs: true } }),
  opens: () => true,
  check: ({ Config }) => {
    const unknown = Object.keys(Config ?? {}).find((name) => !/^(mode|max-buffer-size|cache-.*)$/.test(name));
    if (unknown !== undefined) throw new Error(`unknown log-opt ${unknown}`);
  },
  chunk: (bytes) => bytes,
  entry: (message) => decodeLogEntry(message),
  goesOn: () => true,
  store: (add) => add(),
  opened: () => {},
  stopped: () => {},
  unknownStop: () => {},
  output: (entry) => entry,
  selects: (entries, { Since, Until, Tail }) => {
    const [since, until] = [Since, Until].map((time) => BigInt(Date.parse(time)) * 1_000_000n);
    const within = entries.filter(
      ({ timeNano }) =>
        (Since === year1 || timeNano >= (since ?? 0n)) && (Until === year1 || timeNano <= (until ?? 0n) + 999_999n),
    );
    return Tail < 0 ? within : within.slice(Math.max(0, within.length - Tail));
  },
  flush: (response) => response.flushHeaders(),
  ends: true,
  followEnds: true,
  follow: () => true,
  unknownLog: () => false,
  refusedKeepsPipe: false,
  stopKeepsPipe: false,
  endKeepsPipe: false,
};

/** A log plugin. */
export interface LogModel {
  readonly handlers: Handlers;
  readonly intercept: Intercept;
  /** Closes every pipe, as a kill does; `reopen` opens those again that are not stopped. */
  readonly kill: (reopen: boolean) => void;
}

/** A log plugin by steps; pipes are opened below `hostRoot`. */
export function logModel(changed: Partial<LogSteps> = {}, hostRoot = ""): LogModel {
  const steps = { ...soundSteps, ...changed };
  const history = new Map<string, LogEntry[]>();
  const open = new Map<string, OpenLog>();
  const readers = new Map<string, Set<ServerResponse>>();
  const kept: number[] = [];
  const entriesOf = (id: string): LogEntry[] => {
    const entries = history.get(id) ?? [];
    history.set(id, entries);
    return entries;
  };
  const send = (response: ServerResponse, entry: LogEntry): void => {
    const line =
      entry.partial && entry.partialLogMetadata?.last !== true ? entry.line : Buffer.concat([entry.line, newline]);
    response.write(encodeLogEntry(steps.output({ ...entry, line })));
  };

  const start = (File: string, info: Info): void => {
    const log: OpenLog = { pipe: openPipe(hostRoot + File), info, bytes: 0 };
    open.set(File, log);
    let rest: Buffer = Buffer.alloc(0);
    log.pipe.on("error", () => {});
    log.pipe.on("end", () => {
      if (steps.endKeepsPipe) kept.push(openSync(File, constants.O_RDONLY | constants.O_NONBLOCK));
      log.pipe.destroy();
    });
    log.pipe.on("data", (chunk: Buffer) => {
      log.bytes += chunk.length;
      if (!steps.goesOn(log.bytes)) return void log.pipe.pause();
      rest = Buffer.concat([rest, steps.chunk(chunk)]);
      while (rest.length >= 4 && rest.length - 4 >= rest.readUInt32BE()) {
        const message = rest.subarray(4, 4 + rest.readUInt32BE());
        rest = rest.subarray(4 + message.length);
        try {
          const entry = steps.entry(Buffer.from(message));
          if (entry !== undefined) steps.store(() => add(info.ContainerID, entry));
        } catch {
          return void log.pipe.destroy();
        }
      }
    });
  };
  const add = (id: string, entry: LogEntry): void => {
    entriesOf(id).push(entry);
    for (const response of readers.get(id) ?? []) send(response, entry);
  };

  const handlers: Handlers = {
    "Plugin.Activate": () => ({ Implements: ["LogDriver"] }),
    "LogDriver.Capabilities": () => steps.capabilities(),
    "LogDriver.StartLogging": ({ File, Info }: { File: string; Info: Info }) => {
      if (typeof File !== "string") throw new Error("no File");
      if (steps.refusedKeepsPipe) kept.push(openSync(File, constants.O_RDONLY | constants.O_NONBLOCK));
      steps.check(Info);
      if (steps.opens(open.size)) start(File, Info);
      steps.opened(entriesOf(Info.ContainerID));
      return {};
    },
    "LogDriver.StopLogging": async ({ File }: { File: string }) => {
      if (typeof File !== "string") throw new Error("no File");
      const log = open.get(File);
      if (log === undefined) return steps.unknownStop() ?? {};
      for (let before = -1; before !== log.bytes;) {
        before = log.bytes;
        await setImmediate();
        await setImmediate();
      }
      open.delete(File);
      if (steps.stopKeepsPipe) kept.push(openSync(File, constants.O_RDONLY | constants.O_NONBLOCK));
      log.pipe.destroy();
      steps.stopped(log, entriesOf(log.info.ContainerID));
      const isLast = Array.from(open.values()).every(({ info }) => info.ContainerID !== log.info.ContainerID);
      if (isLast && steps.followEnds) for (const response of readers.get(log.info.ContainerID) ?? []) response.end();
      return {};
    },
  };
  const intercept: Intercept = (incoming, response, body) => {
    if (incoming.url !== "/LogDriver.ReadLogs" || body.length === 0) return false;
    // Sent by the kit under test.
    const { Info, Config } = JSON.parse(body.toString()) as { Info: Info; Config: ReadConfig };
    const id = Info.ContainerID;
    if (!history.has(id) && steps.unknownLog(response)) return true;
    if (Config.Follow === true) {
      if (!steps.follow()) {
        response.writeHead(503).end();
        return true;
      }
      const following = readers.get(id) ?? new Set<ServerResponse>();
      readers.set(id, following.add(response));
      response.on("close", () => following.delete(response));
    }
    response.writeHead(200);
    if (Config.Follow === true) steps.flush(response);
    for (const entry of steps.selects(entriesOf(id), Config)) send(response, entry);
    if (Config.Follow !== true && steps.ends) response.end();
    return true;
  };
  return {
    handlers,
    intercept,
    kill: (reopen) => {
      kept.splice(0).forEach(closeSync);
      for (const [File, { pipe, info }] of open) {
        pipe.destroy();
        if (reopen) start(File, info);
      }
    },
  };
}

const newline = Buffer.from("\n");

/** Opened without waiting, and read as a socket: a plain file stream would hold one of Node's few threads. */
function openPipe(File: string): Socket {
  return new Socket({ fd: openSync(File, constants.O_RDONLY | constants.O_NONBLOCK), writable: false });
}
