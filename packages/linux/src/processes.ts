import { readdirSync, readlinkSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

/** A process, as far as it is of interest who it is. */
export interface ProcessFacts {
  readonly pid: number;
  /** Its command line, cut to a line. */
  readonly command: string;
  /** The systemd unit, or the container's scope, that it runs in. */
  readonly unit?: string | undefined;
}

/** A process that has something open that was asked for. */
export interface HoldingProcess extends ProcessFacts {
  /** `socket:[123]`, or a path. */
  readonly open: readonly string[];
}

/** Whom to look for, and where. */
export interface FindProcessesOptions {
  /** Says of what a process has open whether it is of interest. */
  readonly wants: (target: string) => boolean;
  /** Where proc(5) is mounted; `/proc` unless told. */
  readonly proc?: string;
  /** Looks at no more processes once aborted. */
  readonly signal?: AbortSignal;
}

/** The processes that have something of interest open; those we may not look into, and those that end, are left out. */
export async function findProcesses(options: FindProcessesOptions): Promise<HoldingProcess[]> {
  const { wants, proc = "/proc", signal } = options;
  const holding: HoldingProcess[] = [];
  for (const pid of await processIds(proc)) {
    if (signal?.aborted === true) break;
    const open = openFiles(`${proc}/${pid}/fd`).filter(wants);
    if (open.length > 0) holding.push({ ...(await describeProcess(pid, proc)), open: [...new Set(open)] });
  }
  return holding;
}

/** The numbers of all processes there are now. */
export async function processIds(proc = "/proc"): Promise<number[]> {
  return (await readdir(proc)).map(Number).filter((pid) => pid > 0);
}

/** Who a process is; of one that is gone, only the number is left. */
export async function describeProcess(pid: number, proc = "/proc"): Promise<ProcessFacts> {
  const [line, groups] = await Promise.all([
    readFile(`${proc}/${pid}/cmdline`, "utf8").catch(() => ""),
    readFile(`${proc}/${pid}/cgroup`, "utf8").catch(() => ""),
  ]);
  const command = line.replaceAll("\0", " ").trim();
  const unit = /\/([^/\n]+\.(?:service|scope|socket))(?:\/[^\n]*)?$/m.exec(groups)?.[1];
  return { pid, command: command.length > 160 ? `${command.slice(0, 160)}…` : command, unit };
}

/** Read at once, for thousands of links through the thread pool take ten times as long; proc(5) makes nobody wait. */
function openFiles(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => readLink(`${folder}/${name}`));
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
