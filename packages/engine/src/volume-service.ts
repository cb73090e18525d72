// The engine's volume commands, call for call, so that a volume plugin can be shown and tried without an engine.
import { randomBytes } from "node:crypto";
import { volumeDriver, type Reply } from "@outrigger/protocol";
import { createClient, type Client } from "./client.ts";
import { CallError } from "./engine-error.ts";
import type { ActivePlugin, Registry } from "./registry.ts";

/** A volume as `docker volume inspect` shows it. */
export type InspectedVolume = NonNullable<Reply<typeof volumeDriver, "get">["Volume"]> & {
  readonly Driver: string;
  readonly Scope: "local" | "global";
};

/** A volume in use by something that stands for a container; disposing asks Get and Unmount. */
export interface MountedVolume extends AsyncDisposable {
  readonly mountpoint: string;
  /** The mount's id, 64 hexadecimal digits. */
  readonly id: string;
}

/** What a volume listing found, and the drivers that could not say. */
export interface VolumeList {
  readonly volumes: readonly InspectedVolume[];
  readonly warnings: readonly string[];
}

/** Docker's volume commands. Each throws `VolumeError`, or the errors of the registry and of calls. */
export interface VolumeService {
  /** `docker volume create -d driver -o key=value name`: Get, then Create where Get showed none. */
  create(driver: string, name: string, options?: Readonly<Record<string, string>>): Promise<InspectedVolume>;
  /** `docker volume ls`: List on every volume plugin the engine's scan finds. */
  list(): Promise<VolumeList>;
  /** `docker volume inspect name`: Get. */
  inspect(name: string): Promise<InspectedVolume>;
  /** `docker volume rm name`: Get, Get, Remove. */
  remove(name: string): Promise<void>;
  /** `docker run --volume-driver driver -v name:/x`: Get and perhaps Create, then Get, Mount; Get, Unmount at its end. */
  run(driver: string, name: string): Promise<MountedVolume>;
}

/** Docker's refusal of a volume command. */
export class VolumeError extends Error {
  override readonly name = "VolumeError";
  readonly code: "no-such-volume" | "in-use" | "name-taken";

  constructor(message: string, options: { code: VolumeError["code"]; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
  }
}

interface Driver {
  readonly plugin: ActivePlugin;
  readonly client: Client<typeof volumeDriver>;
  readonly scope: "local" | "global";
}

interface Found {
  readonly driver: Driver;
  readonly volume: InspectedVolume;
}

interface KnownVolume {
  readonly driver: string;
  readonly last: InspectedVolume;
  readonly mounts: Set<string>;
}

/** Makes the commands over a registry. Source: moby/moby daemon/volume/service/store.go. */
export function createVolumeService(registry: Registry, options: { signal?: AbortSignal } = {}): VolumeService {
  const drivers = new Map<ActivePlugin, Promise<Driver>>();
  const known = new Map<string, KnownVolume>();

  const driverOf = (plugin: ActivePlugin): Promise<Driver> => {
    const known = drivers.get(plugin);
    if (known !== undefined) return known;
    const asked = prepareDriver(plugin, options);
    drivers.set(plugin, asked);
    asked.catch(() => drivers.delete(plugin));
    return asked;
  };
  const driverNamed = async (name: string): Promise<Driver> =>
    driverOf(await registry.get(name, volumeDriver.name, options));

  const remember = (driver: Driver, volume: Reply<typeof volumeDriver, "get">["Volume"] & {}): InspectedVolume => {
    const last = { ...volume, Driver: driver.plugin.name, Scope: driver.scope };
    const mounts = known.get(volume.Name)?.mounts ?? new Set();
    known.set(volume.Name, { driver: driver.plugin.name, last, mounts });
    return last;
  };
  /** What the driver answers decides: an error means that there is no such volume, and all about it is forgotten. */
  const get = async (driver: Driver, name: string): Promise<InspectedVolume> => {
    try {
      const { Volume } = await driver.client.get({ Name: name }, options);
      if (Volume !== undefined) return remember(driver, Volume);
      throw new VolumeError(`get ${name}: no such volume`, { code: "no-such-volume" });
    } catch (cause) {
      const unanswered = cause instanceof CallError && cause.status === undefined;
      if (unanswered || !(cause instanceof CallError || cause instanceof VolumeError)) throw cause;
      known.delete(name);
      throw new VolumeError(`get ${name}: no such volume`, { code: "no-such-volume", cause });
    }
  };
  /** Asks the driver that has the volume, or all of them where none is known to; each is asked Get once. */
  const find = async (name: string): Promise<Found> => {
    const volume = known.get(name);
    if (volume !== undefined) {
      const driver = await driverNamed(volume.driver);
      return { driver, volume: await get(driver, name) };
    }
    for (const plugin of await registry.all(volumeDriver.name, options)) {
      const driver = await driverOf(plugin);
      const volume = await get(driver, name).catch(() => undefined);
      if (volume !== undefined) return { driver, volume };
    }
    throw new VolumeError(`get ${name}: no such volume`, { code: "no-such-volume" });
  };
  const create = async (driverName: string, name: string, opts: object | null): Promise<Found> => {
    const owner = known.get(name)?.driver ?? driverName;
    if (owner !== driverName) {
      throw new VolumeError(`create ${name}: driver ${owner} has it; a volume name must be unique`, {
        code: "name-taken",
      });
    }
    const driver = await driverNamed(driverName);
    const there = await get(driver, name).catch(() => undefined);
    if (there !== undefined) return { driver, volume: there };
    // Null for no options, as from `docker run -v`, is what the typed client leaves out.
    await driver.plugin.connection.call(volumeDriver.methods.create.path, { Name: name, Opts: opts }, options);
    return { driver, volume: remember(driver, { Name: name }) };
  };

  return {
    create: async (driver, name, opts = {}) => (await create(driver, name, opts)).volume,
    inspect: async (name) => (await find(name)).volume,
    list: async () => {
      const plugins = await registry.all(volumeDriver.name, options);
      const lists = await Promise.all(
        plugins.map(async (plugin) => {
          const driver = await driverOf(plugin);
          try {
            const { Volumes = [] } = await driver.client.list({}, options);
            return { volumes: Volumes.map((volume) => remember(driver, volume)), warnings: [] };
          } catch (error) {
            if (!(error instanceof CallError)) throw error;
            const cached = [...known.values()].filter((volume) => volume.driver === plugin.name);
            return { volumes: cached.map(({ last }) => last), warnings: [`${plugin.name}: ${error.message}`] };
          }
        }),
      );
      return {
        volumes: lists.flatMap(({ volumes }) => volumes).sort((a, b) => (a.Name < b.Name ? -1 : 1)),
        warnings: lists.flatMap(({ warnings }) => warnings),
      };
    },
    remove: async (name) => {
      const { driver } = await find(name);
      const mounts = [...(known.get(name)?.mounts ?? [])];
      if (mounts.length > 0) {
        throw new VolumeError(`remove ${name}: volume is in use - [${mounts.join(", ")}]`, { code: "in-use" });
      }
      await get(driver, name);
      await driver.client.remove({ Name: name }, options);
      known.delete(name);
    },
    run: async (driverName, volumeName) => {
      const { driver, volume } = await create(driverName, volumeName, null);
      // The engine goes on with the name the driver answers.
      const { Name: name } = await get(driver, volume.Name);
      const id = randomBytes(32).toString("hex");
      const { Mountpoint } = await driver.client.mount({ Name: name, ID: id }, options);
      known.get(name)?.mounts.add(id);
      return {
        mountpoint: Mountpoint,
        id,
        [Symbol.asyncDispose]: async () => {
          known.get(name)?.mounts.delete(id);
          await get(driver, name);
          await driver.client.unmount({ Name: name, ID: id }, options);
        },
      };
    },
  };
}

/** Asked once per driver; anything but "global" counts as local. */
async function prepareDriver(plugin: ActivePlugin, options: { signal?: AbortSignal }): Promise<Driver> {
  const client = createClient(volumeDriver, plugin.connection);
  const reply = await client.capabilities({}, options);
  const scope = reply?.Capabilities?.Scope.toLowerCase() === "global" ? "global" : "local";
  return { plugin, client, scope };
}
