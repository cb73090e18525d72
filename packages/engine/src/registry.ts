// The engine's memory of plugins: found and activated once, by name, for its whole life.
import { ipamDriver, networkDriver, type Reply } from "@outrigger/protocol";
import { connect, type PluginConnection } from "./connect.ts";
import { createClient } from "./client.ts";
import { lookup, scan } from "./discover.ts";
import { ActivationError, CallError, DiscoveryError } from "./engine-error.ts";
import type { PluginEntry } from "./plugin-entry.ts";
import { pluginFolders, type PluginFolders } from "./plugin-folders.ts";
import type { Profile } from "./profile.ts";
import { systemClock, withRetry, type Clock, type Retry } from "./retry.ts";
import type { Rules } from "./address.ts";

/** Where the registry looks and how it calls; unlike the rest of this package it follows the engine by default. */
export interface RegistryOptions {
  /** A root engine's by default. */
  readonly folders?: PluginFolders;
  /** `engine` by default. */
  readonly rules?: Rules;
  readonly profile?: Profile;
  /** `engine` by default: a name nobody answers to costs 15 s. */
  readonly retry?: Retry;
  /** Milliseconds for one attempt of any call, in place of the protocol's. */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
}

/** A plugin after its handshake. What was read of it then holds until the registry is disposed. */
export interface ActivePlugin {
  readonly name: string;
  readonly entry: PluginEntry;
  readonly connection: PluginConnection;
  readonly implements: readonly string[];
  /** What the engine asks of every network driver it activates; absent where it got no answer. */
  readonly networkCapabilities?: Reply<typeof networkDriver, "getCapabilities"> | undefined;
  /** What the engine asks of every IPAM driver it activates; absent where it got no answer. */
  readonly ipamCapabilities?: Reply<typeof ipamDriver, "getCapabilities"> | undefined;
}

/** Plugins by name. Disposing ends activations under way and closes all connections. */
export interface Registry extends AsyncDisposable {
  /**
   * The plugin of this name, activated at its first use. Users at the same time share one activation; a failed one is
   * forgotten. Throws `DiscoveryError`, or `ActivationError` also where it does not implement exactly this protocol.
   */
  get(name: string, protocol: string, options?: { signal?: AbortSignal }): Promise<ActivePlugin>;
  /**
   * Activates every plugin the engine's scan finds, at once, and returns those that implement this protocol. One that
   * cannot be activated is left out, after all its retries.
   */
  all(protocol: string, options?: { signal?: AbortSignal }): Promise<ActivePlugin[]>;
}

/** Makes an empty registry. Source: moby/moby pkg/plugins/plugins.go. */
export function createRegistry(options: RegistryOptions = {}): Registry {
  const { folders = pluginFolders(), rules = "engine", retry = "engine", clock = systemClock } = options;
  const active = new Map<string, Promise<ActivePlugin>>();
  const end = new AbortController();
  const { signal } = end;

  const find = async (name: string, retry: Retry): Promise<PluginEntry> => {
    const look = async (): Promise<PluginEntry> => {
      const entry = await lookup(name, { folders, rules });
      if (entry.problems[0] !== undefined) throw entry.problems[0];
      return entry;
    };
    return withRetry(look, { retry, clock, signal, retryable: (error) => error instanceof DiscoveryError });
  };
  const activate = (name: string, lookupRetry: Retry): Promise<ActivePlugin> => {
    const known = active.get(name);
    if (known !== undefined) return known;
    const started = (async () => {
      const entry = await find(name, lookupRetry);
      return shakeHands(await connect(entry, { ...options, retry, clock }), { name, entry, signal });
    })();
    active.set(name, started);
    started.catch(() => active.delete(name));
    return started;
  };

  return {
    get: async (name, protocol, given = {}) => {
      const plugin = await unless(given.signal, activate(name, retry));
      if (plugin.implements.includes(protocol)) return plugin;
      const what = plugin.implements.join(", ") || "nothing";
      const message = `plugin "${name}" does not implement ${protocol}; it implements ${what}`;
      throw new ActivationError(message, { code: "not-implemented" });
    },
    all: async (protocol, given = {}) => {
      const names = [...new Set((await scan(folders)).map(({ name }) => name))];
      const settled = await unless(given.signal, Promise.allSettled(names.map((name) => activate(name, "none"))));
      return settled
        .filter((one) => one.status === "fulfilled")
        .map(({ value }) => value)
        .filter((plugin) => plugin.implements.includes(protocol));
    },
    [Symbol.asyncDispose]: async () => {
      end.abort();
      const plugins = await Promise.allSettled(active.values());
      for (const plugin of plugins) {
        if (plugin.status === "fulfilled") await plugin.value.connection[Symbol.asyncDispose]();
      }
    },
  };
}

interface Newcomer {
  readonly name: string;
  readonly entry: PluginEntry;
  readonly signal: AbortSignal;
}

/** The handshake and what the engine asks right behind it. */
async function shakeHands(connection: PluginConnection, newcomer: Newcomer): Promise<ActivePlugin> {
  const { name, entry, signal } = newcomer;
  try {
    const manifest = await connection.activate({ signal });
    const [networkCapabilities, ipamCapabilities] = await Promise.all([
      manifest.includes(networkDriver.name)
        ? answered(createClient(networkDriver, connection).getCapabilities({}, { signal }))
        : undefined,
      manifest.includes(ipamDriver.name)
        ? answered(createClient(ipamDriver, connection).getCapabilities({}, { signal }))
        : undefined,
    ]);
    return { name, entry, connection, implements: manifest, networkCapabilities, ipamCapabilities };
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error;
  }
}

/** The engine logs a failed capability call and keeps the plugin. */
async function answered<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CallError) return undefined;
    throw error;
  }
}

/** Waits for work that others wait for too, so that an abort ends the waiting and not the work. */
async function unless<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
