import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const made = fileURLToPath(new URL("../../.lab/engines/", import.meta.url));

/** The releases that set-up makes root folders of, the newest last. */
const releases = ["20.10", "26.1"];

const own = "own";

const commandFolders = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];

/** The root folder of an engine, by its version. */
export interface EngineRoot {
  /** `20.10`, `26.1`, or `own` for the one named by OUTRIGGER_ENGINE_ROOT. */
  readonly version: string;
  readonly folder: string;
}

/** The engines that every story is told on, whether they are at hand or not: a story must not vanish unseen. */
export function engineVersions(): string[] {
  return process.env.OUTRIGGER_ENGINE_ROOT === undefined ? releases : [own];
}

/** The engine of a version, or the newest at hand. Throws where there is none. */
export function engineRoot(version?: string): EngineRoot {
  const reason = unavailable(version);
  if (reason !== undefined) throw new Error(reason);
  const chosen = version ?? engineVersions().findLast((one) => problemOf(one) === undefined) ?? "";
  return { version: chosen, folder: folderOf(chosen) };
}

/** Why there can be no host with this engine here, or with any, in one line with the way out; undefined where there can. */
export function unavailable(version?: string): string | undefined {
  if (process.platform !== "linux") return "the lab needs Linux; run it in a virtual machine";
  if (process.getuid?.() !== 0) return "the lab needs root; run it as root";
  if (!mayMakeNamespaces())
    return "the lab needs the capability CAP_SYS_ADMIN; run it on a machine, or in a container that has all capabilities";
  for (const command of ["unshare", "nsenter", "chroot", "mount"]) {
    if (!hasCommand("/", command)) return `the lab needs the command ${command}; install util-linux`;
  }
  const versions = version === undefined ? engineVersions() : [version];
  const problems = versions.map(problemOf);
  if (!problems.includes(undefined)) return problems.at(-1);
  return findInRoots("ip") === undefined ? "the lab needs the command ip; install iproute2" : undefined;
}

/** A command, and the root folder to run it from. */
export interface RootedCommand {
  readonly root: string;
  /** Its path in that root folder. */
  readonly command: string;
}

/** Looks for a command in the root folders that set-up made, then in OUTRIGGER_ENGINE_ROOT, then on the machine. */
export function findInRoots(command: string): RootedCommand | undefined {
  for (const root of [...releases.toReversed(), own].map(folderOf).concat("/")) {
    const path = commandFolders
      .map((folder) => join("/", folder, command))
      .find((path) => existsSync(join(root, path)));
    if (path !== undefined) return { root, command: path };
  }
  return undefined;
}

function mayMakeNamespaces(): boolean {
  const effective = /^CapEff:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> 21n) & 1n) === 1n;
}

function problemOf(version: string): string | undefined {
  const known = engineVersions();
  if (!known.includes(version)) return `there is no engine "${version}"; use ${known.join(" or ")}`;
  const folder = folderOf(version);
  if (version === own) {
    if (hasCommand(folder, "dockerd")) return undefined;
    return `OUTRIGGER_ENGINE_ROOT is "${folder}", which has no dockerd; name a root folder that has one in usr/bin or usr/sbin`;
  }
  if (existsSync(join(folder, ".outrigger-root"))) return undefined;
  return `there is no root folder of the engine ${version}; run \`npm run setup -- --lab=${version}\` on Debian, or name one that has dockerd in OUTRIGGER_ENGINE_ROOT`;
}

function folderOf(version: string): string {
  return version === own ? resolve(process.env.OUTRIGGER_ENGINE_ROOT ?? "/") : join(made, version);
}

function hasCommand(root: string, command: string): boolean {
  return commandFolders.some((folder) => existsSync(join(root, folder, command)));
}
