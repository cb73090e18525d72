// Flags that several verbs share: where to look for plugins, how to trust an address, how long to wait.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pluginFolders, type PluginFolders, type TlsConfig } from "@outrigger/engine";
import { InvalidArgumentError, type Command } from "commander";
import { EnvironmentError } from "./command-error.ts";

/** The flags of `withFolders`. */
export interface FolderFlags {
  readonly pluginsDir?: string;
  readonly specDir?: string[];
}

/** Adds the flags that say where to look for plugins. */
export function withFolders(command: Command): Command {
  return command
    .option("--plugins-dir <folder>", "look for sockets here instead of /run/docker/plugins")
    .option(
      "--spec-dir <folder>",
      "look for .spec and .json files here instead of the engine's folders (repeatable)",
      (folder: string, before: string[] | undefined) => [...(before ?? []), folder],
    );
}

/** The flags of `withTarget`. */
export interface TargetFlags extends FolderFlags {
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Adds the flags that say where to look for a plugin, and how to trust an address. */
export function withTarget(command: Command): Command {
  return withFolders(command)
    .option("--tls-ca <file>", "for an https:// address: who signed the plugin's certificate")
    .option("--tls-cert <file>", "for an https:// address: our certificate")
    .option("--tls-key <file>", "for an https:// address: its key");
}

/** The `TLSConfig` that the flags stand for. */
export function tlsFrom(flags: TargetFlags): { tls?: TlsConfig } {
  const { tlsCa, tlsCert, tlsKey } = flags;
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return {};
  return {
    tls: {
      ...(tlsCa !== undefined && { CAFile: tlsCa }),
      ...(tlsCert !== undefined && { CertFile: tlsCert }),
      ...(tlsKey !== undefined && { KeyFile: tlsKey }),
    },
  };
}

/** The folders the flags name, else those of this machine's engine; a named one must exist. */
export function foldersFrom(flags: FolderFlags): PluginFolders {
  const own = pluginFolders({ environment: process.env });
  for (const folder of [flags.pluginsDir ?? [], flags.specDir ?? []].flat()) {
    if (!existsSync(folder)) throw new EnvironmentError(`no such folder: ${folder}; make it, or name another`);
  }
  // The engine takes no relative path, and we are to say of each plugin what it would.
  return {
    sockets: resolve(flags.pluginsDir ?? own.sockets),
    specs: (flags.specDir ?? own.specs).map((dir) => resolve(dir)),
  };
}

/** Parses a flag's milliseconds. */
export function parseMilliseconds(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 2_147_483_647) {
    throw new InvalidArgumentError("Write whole milliseconds, such as 1000.");
  }
  return value;
}

/** Parses a flag's size, such as `64KiB`. */
export function parseSize(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,9})(?:(Ki|Mi)B)?$/.exec(text) ?? [];
  const size = Number(digits) * (unit === "Ki" ? 1024 : unit === "Mi" ? 1024 * 1024 : 1);
  if (digits === undefined || size < 1 || size > 64 * 1024 * 1024) {
    throw new InvalidArgumentError("Write bytes, KiB or MiB, such as 64KiB, up to 64MiB.");
  }
  return size;
}
