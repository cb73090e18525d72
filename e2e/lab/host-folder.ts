// Where a host keeps what is too large for memory, and how the folders of hosts whose owner died are found.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { removeCgroups } from "./cgroups.ts";

/** Short, because the paths of unix sockets are limited; on disk, because images are large. */
const parent = "/var/tmp";
const prefix = "outrigger-lab-";

let made = 0;

/**
 * Makes a folder that belongs to this process: its name says so from the start, in a form that also suits a host and a
 * control group. What is in it is for root alone, the engine's socket above all.
 */
export async function makeHostFolder(): Promise<string> {
  const folder = join(parent, `${prefix}${await identityOf(process.pid)}-${(made += 1)}`);
  await mkdir(folder, { mode: 0o700 });
  for (const name of ["scratch", "root", "data", "lib", "share", "socket"]) await mkdir(join(folder, name));
  return folder;
}

/** Removes a host's folder and control groups; its processes must be gone. */
export async function removeHostFolder(folder: string): Promise<void> {
  await removeCgroups(basename(folder));
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Removes what hosts left behind whose owner was killed. */
export async function sweepHostFolders(): Promise<void> {
  for (const name of await readdir(parent)) {
    const owner = /^outrigger-lab-((\w+)-\w+)-\d+$/.exec(name);
    if (owner === null || owner[1] === (await identityOf(Number.parseInt(owner[2] ?? "", 36)))) continue;
    // Its last processes may still be ending, or another sweep is at it: the next one will find it.
    await removeHostFolder(join(parent, name)).catch(() => {});
  }
}

/** A process id with its start time, since ids are used again; the id alone where there is no such process. */
async function identityOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The command's name, in brackets, may hold spaces; the start time is field 22 of proc(5).
  const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  return `${pid.toString(36)}-${Number(started).toString(36)}`;
}
