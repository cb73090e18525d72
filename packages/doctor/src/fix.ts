// Removes what is proven dead, and nothing else.
import { link, lstat, mkdir, rename, rmdir, unlink } from "node:fs/promises";
import { createConnection } from "node:net";
import { basename, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readEntry, type Address } from "@outrigger/engine";
import { readUnixSockets } from "@outrigger/linux";
import type { Finding } from "./finding.ts";
import { hostOf, type Host, type HostOptions } from "./host.ts";
import { reasonOf } from "./reason.ts";

/** What was done about a finding, or why nothing was. */
export interface Repair {
  readonly object: string;
  readonly done: boolean;
  readonly what: string;
}

/** A plugin binds its socket, and listens a moment later: in between it looks dead. */
const youngMs = 10_000;
const betweenProbesMs = 300;

/**
 * Removes sockets and sets spec files aside that findings call dead, each after it was proven again: it is the same
 * file, old enough not to be a plugin that is just starting, nobody has it bound, and two attempts to connect were
 * refused. Everything else is left to the remedy of its finding.
 */
export async function fix(findings: readonly Finding[], options: HostOptions = {}): Promise<Repair[]> {
  const host = hostOf(options);
  const repairs = findings.map(async ({ id, object }): Promise<Repair | undefined> => {
    try {
      if (id === "dead-socket") return await removeSocket(object, host);
      if (id === "dead-address") return await setAside(object, host);
      return undefined;
    } catch (error) {
      return leave(object, error instanceof Error ? error.message : String(error));
    }
  });
  return (await Promise.all(repairs)).filter((repair) => repair !== undefined);
}

async function removeSocket(path: string, host: Host): Promise<Repair> {
  const before = await lstat(path, { bigint: true });
  if (!before.isSocket()) return leave(path, "it is not a socket any more");
  if (Date.now() - Number(before.mtimeMs) < youngMs) {
    return leave(path, "it was made less than 10 s ago, so its plugin may be starting; run this again in a moment");
  }
  const sockets = await readUnixSockets(host.isHere ? undefined : join(host.proc, "1/net/unix"));
  if (sockets.some((socket) => socket.fileInode === Number(before.ino) || socket.path === path)) {
    return leave(path, "a process has it bound, or is still connected to it");
  }
  if (!(await isRefused(path)) || !(await isDeadStill(path))) return leave(path, "something listens there by now");

  const removed = await takeAway(path, { file: before, isDone: isRefused });
  return removed
    ? { object: path, done: true, what: "removed; nothing listened on it" }
    : leave(path, "a plugin took this place at this moment");
}

/** What to take away, and what has to be done with it first. */
interface Taking {
  /** The file that was looked at. */
  readonly file: { readonly dev: bigint; readonly ino: bigint };
  readonly isDone: (aside: string) => Promise<boolean>;
}

/**
 * Takes a file away if it is still the one that was looked at and all is done with it; else it is put back where it
 * was. In a folder of its own nobody can exchange it between the last look and the end.
 */
export async function takeAway(path: string, { file, isDone }: Taking): Promise<boolean> {
  const folder = join(dirname(path), `.outrigger-doctor-${process.pid}-${basename(path)}`);
  const aside = join(folder, "plugin");
  await mkdir(folder, { mode: 0o700 });
  try {
    await rename(path, aside);
    const taken = await lstat(aside, { bigint: true });
    const isSame = taken.ino === file.ino && taken.dev === file.dev;
    const isOver = isSame && (await isDone(aside).catch(() => false));
    // Unlike a rename, a link overwrites nobody who came meanwhile: then what was here stays aside, and is a finding.
    if (!isOver) await link(aside, path);
    await unlink(aside);
    return isOver;
  } finally {
    await rmdir(folder).catch(() => {});
  }
}

/** What a person or a package wrote can be needed again, so it keeps its text under a name that no engine reads. */
async function setAside(file: string, host: Host): Promise<Repair> {
  const [own] = host.folders.specs;
  if (own === undefined || dirname(file) !== own)
    return leave(file, `it does not lie in ${own}, so a package may own it`);
  const before = await lstat(file, { bigint: true });
  const { address } = await readEntry({ name: "", kind: file.endsWith(".json") ? "json" : "spec", file }, "engine");
  if (address === undefined || (address.transport !== "unix" && !loopback.test(address.host))) {
    return leave(file, "it leads to another machine, which may come back");
  }
  if (Date.now() - Number(before.mtimeMs) < youngMs) {
    return leave(file, "it was written less than 10 s ago, so its plugin may be starting; run this again in a moment");
  }
  const place = address.transport === "unix" && !host.isHere ? join(host.root, address.path) : address;
  if (!(await isDead(place)) || !(await isDeadStill(place))) return leave(file, "something listens there by now");
  const unused = `${file}.unused`;
  // Unlike a rename, a link overwrites nothing.
  const isDone = (aside: string): Promise<boolean> => link(aside, unused).then(() => true);
  return (await takeAway(file, { file: before, isDone }))
    ? { object: file, done: true, what: `set aside as ${unused}; nothing listened where it leads to` }
    : leave(file, `${unused} is there already, or the file was written anew at this moment`);
}

const loopback = /^(?:localhost|127(?:\.\d+){3}|::1)$/;

function leave(object: string, why: string): Repair {
  return { object, done: false, what: `left alone: ${why}` };
}

async function isDeadStill(place: string | Address): Promise<boolean> {
  await wait(betweenProbesMs);
  return isDead(place);
}

async function isDead(place: string | Address): Promise<boolean> {
  return ["ECONNREFUSED", "ENOENT"].includes(await attempt(place));
}

async function isRefused(path: string): Promise<boolean> {
  return (await attempt(path)) === "ECONNREFUSED";
}

/** The code that a connection is refused with; empty where it is not. */
function attempt(place: string | Address): Promise<string> {
  const target =
    typeof place === "string"
      ? { path: place }
      : place.transport === "unix"
        ? { path: place.path }
        : { host: place.host, port: place.port };
  return new Promise((resolve) => {
    const socket = createConnection({ ...target, timeout: 1000 });
    const end = (code: string): void => {
      socket.destroy();
      resolve(code);
    };
    socket.once("connect", () => end(""));
    socket.once("timeout", () => end(""));
    socket.once("error", (error) => end(reasonOf(error)));
  });
}
