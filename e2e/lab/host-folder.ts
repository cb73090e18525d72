// Where a host keeps what is too large for memory, and how the folders of hosts whose owner died are found.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { removeCgroups } from "./cgroups.ts";

/** Short, because the paths of unix sockets are limited; on disk, because images are large. */
const parent = "/var/tmp";
const prefix = "outrigger-lab-";

/** Makes a folder that belongs to this process. Its name is the host's name, and that of its control group. */
export async function makeHostFolder(): Promise<string> {
  const folder = join(parent, prefix + randomBytes(4).toString("hex"));
  await mkdir(folder, { mode: 0o700 });
  await writeFile(join(folder, "owner"), await identityOf(process.pid));
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
    if (!name.startsWith(prefix)) continue;
    const folder = join(parent, name);
    const owner = await readFile(join(folder, "owner"), "utf8").catch(() => undefined);
    // Without an owner it is being made at this moment, or was cut short as it was made.
    if (owner === undefined || owner === "") continue;
    if (owner !== (await identityOf(Number(owner.split(" ")[0])))) await removeHostFolder(folder);
  }
}

/** A process id with its start time, since ids are used again. */
async function identityOf(pid: number): Promise<string> {
  if (!existsSync(`/proc/${pid}/stat`)) return "";
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The command's name, in brackets, may hold spaces; start time is field 22 of proc(5).
  return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
}
