// Who needs which driver, from the engine's state on disk: reading it asks no plugin, and works with no engine.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readRegularFile } from "@outrigger/engine";
import { readBoltBucket } from "./bolt.ts";
import { inBatches } from "./in-batches.ts";
import { entriesAt, textAt, textsAt, valueAt } from "./json-value.ts";
import type { DaemonConfig } from "./daemon-config.ts";

/** A protocol's name as the handshake has it. */
export type DriverKind = "VolumeDriver" | "NetworkDriver" | "IpamDriver" | "LogDriver" | "authz";

/** Something of the engine that needs a driver which is not built in. */
export interface DriverUse {
  readonly kind: DriverKind;
  readonly driver: string;
  /** `container web`, `volume data`, `network back`, `daemon.json`. */
  readonly by: string;
}

/** A plugin that the engine runs itself. */
export interface ManagedPlugin {
  readonly id: string;
  /** `acme/vol:latest` */
  readonly name: string;
  readonly enabled: boolean;
  readonly kinds: readonly string[];
}

/** What an engine's data root says. */
export interface EngineState {
  readonly uses: readonly DriverUse[];
  readonly managed: readonly ManagedPlugin[];
  /** Files that could not be read, and why. */
  readonly unread: readonly string[];
}

const builtIn: Readonly<Record<DriverKind, readonly string[]>> = {
  VolumeDriver: ["", "local"],
  NetworkDriver: ["", "bridge", "host", "null", "none", "overlay", "macvlan", "ipvlan", "default"],
  IpamDriver: ["", "default", "null", "host-local", "dhcp"],
  LogDriver: ["", "none", "json-file", "local", "syslog", "journald", "gelf", "fluentd"].concat([
    "awslogs",
    "splunk",
    "etwlogs",
    "gcplogs",
    "logentries",
  ]),
  authz: [""],
};

const mostContainers = 1000;

/** Reads what is in a data root, each file by itself: one that is damaged hides no other. */
export async function readEngineState(dataRoot: string, config: DaemonConfig): Promise<EngineState> {
  const unread: string[] = [];
  const tried = async <T>(what: Promise<T[]>): Promise<T[]> =>
    what.catch((error: unknown) => {
      unread.push(error instanceof Error ? error.message : String(error));
      return [];
    });
  const [containers, volumes, networks, managed] = await Promise.all([
    tried(containerUses(join(dataRoot, "containers"))),
    tried(volumeUses(join(dataRoot, "volumes/metadata.db"))),
    tried(networkUses(join(dataRoot, "network/files/local-kv.db"))),
    tried(readManagedPlugins(join(dataRoot, "plugins"))),
  ]);
  const uses = [...configUses(config), ...volumes, ...networks, ...containers];
  return { uses: uses.filter(({ kind, driver }) => !builtIn[kind].includes(driver)), managed, unread };
}

function configUses(config: DaemonConfig): DriverUse[] {
  const by = "the engine's configuration";
  return [
    ...config.authorizationPlugins.map((driver): DriverUse => ({ kind: "authz", driver, by })),
    { kind: "LogDriver", driver: config.logDriver, by },
  ];
}

async function containerUses(folder: string): Promise<DriverUse[]> {
  const ids = (await listFolder(folder)).slice(0, mostContainers);
  return (await inBatches(ids, (id) => usesOfContainer(join(folder, id)))).flat();
}

async function usesOfContainer(folder: string): Promise<DriverUse[]> {
  const [container, host] = await Promise.all([
    readJson(join(folder, "config.v2.json")),
    readJson(join(folder, "hostconfig.json")),
  ]);
  const name = textAt(container, "Name").replace(/^\//, "");
  if (name === "") return [];
  const by = `container ${name}`;
  return [
    ...entriesAt(container, "MountPoints").map(([, mount]): DriverUse => ({
      kind: "VolumeDriver",
      driver: textAt(mount, "Driver"),
      by,
    })),
    { kind: "LogDriver", driver: textAt(host, "LogConfig", "Type"), by },
  ];
}

async function volumeUses(file: string): Promise<DriverUse[]> {
  return (await readBoltBucket(file, "volumes")).map(([name, value]) => ({
    kind: "VolumeDriver",
    driver: textAt(parse(value.toString()), "Driver"),
    by: `volume ${name}`,
  }));
}

/** Each value begins with the eight bytes of its index. Source: moby/moby daemon/libnetwork/internal/kvstore/boltdb. */
async function networkUses(file: string): Promise<DriverUse[]> {
  const pairs = await readBoltBucket(file, "libnetwork");
  return pairs
    .filter(([key]) => key.startsWith("docker/network/v1.0/network/"))
    .flatMap(([, value]): DriverUse[] => {
      const network = parse(value.subarray(8).toString());
      const by = `network ${textAt(network, "name")}`;
      return [
        { kind: "NetworkDriver", driver: textAt(network, "networkType"), by },
        { kind: "IpamDriver", driver: textAt(network, "ipamType"), by },
      ];
    });
}

async function readManagedPlugins(folder: string): Promise<ManagedPlugin[]> {
  const ids = (await listFolder(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name)).slice(0, mostContainers);
  const read = await inBatches(ids, async (id): Promise<ManagedPlugin> => {
    const value = valueAt(await readJson(join(folder, id, "config.json")), "plugin");
    return {
      id,
      name: textAt(value, "Name"),
      enabled: valueAt(value, "Enabled") === true,
      kinds: textsOfTypes(value),
    };
  });
  return read.filter(({ name }) => name !== "");
}

/** Written as `docker.volumedriver/1.0`, by some engines as an object of these parts. */
function textsOfTypes(plugin: unknown): string[] {
  const texts = textsAt(plugin, "Config", "Interface", "Types");
  const objects = entriesAt(plugin, "Config", "Interface", "Types").map(([, type]) => textAt(type, "Capability"));
  return [...texts.map((text) => /^docker\.([^/]+)/.exec(text)?.[1] ?? ""), ...objects].filter((kind) => kind !== "");
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** A container that is removed at this moment loses its files one by one. */
async function readJson(file: string): Promise<unknown> {
  return parse(await readRegularFile(file).catch(() => ""));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
