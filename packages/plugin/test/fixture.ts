// What the tests of this package share: a folder of their own, and a plugin whose answers they choose.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { volumeDriver } from "@outrigger/protocol";
import { definePlugin, serve, type Driver, type Plugin, type ServeOptions, type Serving } from "../src/index.ts";
import { RawClient, type RawAnswer } from "./raw-client.ts";

/** A temporary folder, removed with what is in it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "plugin-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** What a promise resolves to, if it does so within 10 s: a test that waits in vain fails, rather than hang. */
export async function soon<T>(promise: Promise<T>): Promise<T> {
  const waited = new AbortController();
  const late = sleep(10_000, undefined, { signal: waited.signal }).then(() => {
    throw new Error("waited 10 s in vain");
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    waited.abort();
  }
}

/** Stops at once what is expected not to start at all; rejects where it did not. */
export async function briefly(starting: Promise<AsyncDisposable>): Promise<void> {
  await using _ = await starting;
}

/** A volume driver that keeps nothing; `methods` replace its own. */
export function volumeDriverWith(methods: Partial<Driver<typeof volumeDriver>> = {}): Driver<typeof volumeDriver> {
  return {
    create: () => {},
    remove: () => {},
    path: () => ({}),
    mount: ({ Name }) => ({ Mountpoint: `/mnt/${Name}` }),
    unmount: () => {},
    get: ({ Name }) => ({ Volume: { Name } }),
    list: () => ({ Volumes: [] }),
    ...methods,
  };
}

/** A plugin with that driver alone. */
export function volumePlugin(methods: Partial<Driver<typeof volumeDriver>> = {}): Plugin {
  return definePlugin({ name: "test", drivers: { VolumeDriver: volumeDriverWith(methods) } });
}

/** A plugin served on a socket in a folder of its own. */
export interface Served extends AsyncDisposable {
  readonly serving: Serving;
  readonly folder: string;
  /** Path of the socket file. */
  readonly socket: string;
  connect(): Promise<RawClient>;
  /** One call on a connection of its own. */
  call(path: string, message?: unknown): Promise<RawAnswer>;
}

/** Serves a plugin for one test. */
export async function serveForTest(plugin: Plugin, options: ServeOptions = {}): Promise<Served> {
  const folder = await temporaryFolder();
  const serving = await serve(plugin, { pluginsDir: folder.path, ...options });
  const [address = ""] = serving.addresses;
  const connect = (): Promise<RawClient> => RawClient.connect(address);
  return {
    serving,
    folder: folder.path,
    socket: join(folder.path, `${plugin.name}.sock`),
    connect,
    call: async (path, message) => {
      await using client = await connect();
      return await client.call(path, message).answer();
    },
    [Symbol.asyncDispose]: async () => {
      await serving[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
