// What the rows of the table share: volume-local on a host with an engine, and its verbs.
import { join } from "node:path";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Host } from "@outrigger/e2e/lab";
import { servePlugins, type PluginOnHost } from "../plugin-on-host.ts";
import { callVerb } from "../volume-local-with-verbs.ts";
import { driver, type Holder } from "../volume-story.ts";

/** A row of the table in `docs/volumes.md`: what it is called there, and what shows it. */
export type Row = readonly [row: string, shows: (at: Stage) => Promise<void>];

/** volume-local with a btrfs pool, on a host with an engine. */
export interface Stage {
  readonly host: Host;
  readonly plugin: PluginOnHost;
  /** Everything that the plugin owns, as the host has it. */
  readonly root: string;
  readonly docker: (...args: string[]) => Promise<string>;
  /** `docker volume create` with options. */
  readonly create: (name: string, ...options: string[]) => Promise<string>;
  /** Runs a shell line in a container that is removed, with each volume at `/<its name>`. */
  readonly inVolumes: (volumes: readonly string[], line: string) => Promise<string>;
  /** Starts a container called `user`, with each volume at `/<its name>`, that is killed as soon as it is stopped. */
  readonly keepRunning: (...volumes: string[]) => Promise<string>;
  /** Runs a shell line in that container. */
  readonly inUser: (line: string) => Promise<string>;
  /** `Status` of `docker volume inspect`. */
  readonly status: (volume: string) => Promise<Status>;
  /** Has the plugin do what the engine has no call for. */
  readonly verb: (verb: string, ...args: readonly unknown[]) => Promise<unknown>;
  /** The folder of a volume below the root, as the host has it. */
  readonly folderOf: (volume: string) => Promise<string>;
}

interface Status {
  readonly state: string;
  readonly reason?: string;
  readonly since?: string;
  readonly holders: readonly Holder[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly usage?: { readonly usedBytes: number };
}

/** Serves it; its upkeep goes round every tenth of a second, so that no row waits for it long. */
export async function openStage(host: Host): Promise<Stage & AsyncDisposable> {
  const root = `/var/lib/outrigger/${driver}`;
  const program = fileURLToPath(new URL("../volume-local-with-verbs.ts", import.meta.url));
  const options = { root, "pool-size": "1GiB", "upkeep-ms": "100" };
  const plugin = await servePlugins(host, [{ name: driver, plugin: program, options }]);
  const docker = (...args: string[]): Promise<string> => host.docker(args);
  const mounts = (volumes: readonly string[]): string[] => volumes.flatMap((name) => ["-v", `${name}:/${name}`]);
  return {
    host,
    plugin,
    root,
    docker,
    create: (name, ...given) =>
      docker("volume", "create", "-d", driver, ...given.flatMap((option) => ["-o", option]), name),
    inVolumes: (volumes, line) => docker("run", "--rm", ...mounts(volumes), "busybox", "sh", "-c", line),
    keepRunning: (...volumes) =>
      docker("run", "-d", "--stop-signal=KILL", "--name=user", ...mounts(volumes), "busybox", "sleep", "1d"),
    inUser: (line) => docker("exec", "user", "sh", "-c", line),
    status: async (volume) =>
      // Written by the plugin under test; a row that reads a wrong shape fails.
      JSON.parse(await docker("volume", "inspect", "-f", "{{json .Status}}", volume)) as Status,
    verb: (verb, ...args) => callVerb(host.path(root), verb, ...args),
    folderOf: async (volume) => {
      const names = await readdir(host.path(join(root, "volumes")));
      return join(root, "volumes", names.find((name) => name.startsWith(`${volume}-`)) ?? "none");
    },
    [Symbol.asyncDispose]: () => plugin[Symbol.asyncDispose](),
  };
}
