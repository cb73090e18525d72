// The engine's end of a log: the pipe that it writes to, and the calls around it.
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { encodeLogEntry, type LogEntry } from "@outrigger/protocol";
import type { Trial } from "../trial.ts";
import { Skip, Violation } from "../violation.ts";

/** Whose log it is, as StartLogging and ReadLogs say it. */
export type LogInfo = { readonly ContainerID: string; readonly [key: string]: unknown };

/** A pipe with the engine's end in our hands. */
export interface LogPipe {
  readonly File: string;
  readonly info: LogInfo;
  /** StartLogging, which has to succeed. */
  start(): Promise<void>;
  /** Throws where nobody reads what was written before. */
  write(...pieces: readonly Uint8Array[]): Promise<void>;
  /** StopLogging, which has to succeed, and then the engine's end is closed. */
  stop(): Promise<void>;
  /** The engine's end is closed, as when it dies. */
  close(): void;
  /** Whether anybody but us has the pipe open for reading. The engine's read end is given up for it. */
  hasReader(): boolean;
}

/** What the engine says of a container. */
export function infoOf(trial: Trial, change: object = {}): LogInfo {
  return {
    Config: { ...trial.setting.options },
    ContainerID: trial.id(),
    ContainerName: `/${trial.name("container")}`,
    ContainerEntrypoint: "sh",
    ContainerArgs: ["-c", "true"],
    ContainerImageID: `sha256:${trial.id()}`,
    ContainerImageName: "busybox",
    ContainerCreated: new Date().toISOString(),
    ContainerEnv: ["PATH=/bin"],
    ContainerLabels: {},
    LogPath: "",
    DaemonName: "docker",
    ...change,
  };
}

/** Makes a pipe and opens it as the engine does, for reading and writing and without waiting; StartLogging is not sent. */
export async function makePipe(trial: Trial, info: LogInfo = infoOf(trial)): Promise<LogPipe> {
  const { makeFifo, fifoFolder = tmpdir() } = trial.setting;
  if (makeFifo === undefined) throw new Skip("pipes cannot be made from here");
  const folder = await mkdtemp(join(trial.path(fifoFolder), "outrigger-log-"));
  trial.defer(() => rm(folder, { recursive: true, force: true }));
  const File = join(fifoFolder, basename(folder), trial.id());
  const here = trial.path(File);
  await makeFifo(here);
  let end: number | undefined = openSync(here, constants.O_RDWR | constants.O_NONBLOCK);
  let both = true;
  const close = (): void => {
    if (end !== undefined) closeSync(end);
    end = undefined;
  };
  trial.defer(close);
  return {
    File,
    info,
    close,
    start: async () => void (await trial.ok("LogDriver.StartLogging", { File, Info: info })),
    write: async (...pieces) => {
      if (end === undefined) throw new Error("the engine's end is closed already");
      await writeAll(trial, end, Buffer.concat(pieces));
    },
    stop: async () => {
      await trial.ok("LogDriver.StopLogging", { File });
      close();
    },
    hasReader: () => {
      if (both && end !== undefined) {
        const writer = openSync(here, constants.O_WRONLY | constants.O_NONBLOCK);
        closeSync(end);
        end = writer;
        both = false;
      }
      return isRead(here);
    },
  };
}

/** Makes a pipe and sends StartLogging for it. */
export async function startPipe(trial: Trial, info?: LogInfo): Promise<LogPipe> {
  const pipe = await makePipe(trial, info);
  await pipe.start();
  return pipe;
}

/** An entry as the engine writes it. */
export function frame(line: string | Uint8Array, more: Partial<LogEntry> = {}): Uint8Array {
  const timeNano = BigInt(Date.now()) * 1_000_000n;
  return encodeLogEntry({ source: "stdout", timeNano, line: Buffer.from(line), partial: false, ...more });
}

/** So many entries of 16 KiB, the engine's longest, which is more than a pipe holds. */
export function manyFrames(kibibytes: number): Uint8Array {
  return Buffer.concat(Array.from({ length: Math.ceil(kibibytes / 16) }, () => frame("x".repeat(16_300))));
}

/** Opening for writing without waiting fails where nobody reads. */
function isRead(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENXIO") return false;
    throw error;
  }
}

/** Never waits in the kernel: a full pipe is looked at again a little later. */
async function writeAll(trial: Trial, end: number, bytes: Buffer): Promise<void> {
  let moved = performance.now();
  for (let at = 0; at < bytes.length;) {
    const taken = writeSome(end, bytes.subarray(at));
    if (taken > 0) {
      at += taken;
      moved = performance.now();
      continue;
    }
    if (performance.now() - moved > trial.setting.patienceMs)
      throw new Violation(
        `nobody reads the pipe: ${at} of ${bytes.length} bytes were taken, and the container stands still`,
      );
    await wait(2, undefined, { signal: trial.signal });
  }
}

function writeSome(end: number, bytes: Buffer): number {
  try {
    return writeSync(end, bytes);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EAGAIN") return 0;
    if (code === "EPIPE")
      throw new Violation("the plugin closed the pipe while its container still writes", { cause: error });
    throw error;
  }
}
