import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Connections } from "./connections.ts";
import { containCrashes } from "./contain-crashes.ts";
import type { Plugin } from "./define-plugin.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Hooks } from "./hooks.ts";
import { HttpFront } from "./http-front.ts";
import { openListener, type Listen, type Listener } from "./listener.ts";
import { closeOnSignal } from "./signals.ts";
import { untilQuiet } from "./until-quiet.ts";

/** How a plugin is served. */
export interface ServeOptions {
  /** Where; `<pluginsDir>/<name>.sock` where left out. */
  readonly listen?: Listen | readonly Listen[] | undefined;
  /** The folder in which the engine looks for sockets; `/run/docker/plugins` where left out. */
  readonly pluginsDir?: string | undefined;
  /**
   * The most milliseconds that the engine waits for any answer: 30,000 for a managed plugin that was enabled without
   * `--timeout`. Also counts for methods without a limit in the engine, which get 60,000 where this is left out.
   */
  readonly callTimeoutMs?: number | undefined;
  /** Larger bodies are refused; 8 MiB where left out, since an authz request can carry 4 MiB in base64. */
  readonly maxBodyBytes?: number | undefined;
  /** How long a request may take to arrive; 30,000 where left out. */
  readonly receiveTimeoutMs?: number | undefined;
  /** How long running calls may go on when the plugin stops; 8,000 where left out, for SIGKILL comes after 10 s. */
  readonly drainTimeoutMs?: number | undefined;
  readonly hooks?: Hooks | readonly Hooks[] | undefined;
  /** Close on SIGINT, SIGTERM and SIGHUP, exit at once on a second one; true where left out. */
  readonly signals?: boolean | undefined;
  /** Keep the process up when a driver fails outside of its promise, and fail that call; true where left out. */
  readonly containCrashes?: boolean | undefined;
}

/** A plugin that is being served. Disposing of it stops it as a signal does. */
export interface Serving extends AsyncDisposable {
  /**
   * What the engine dials: `unix:///run/docker/plugins/x.sock`, `tcp://127.0.0.1:4000`, `https://db1:4000`;
   * `fd://3` where systemd listens.
   */
  readonly addresses: readonly string[];
  /** Resolves when the plugin has stopped, whatever stopped it. */
  readonly closed: Promise<void>;
}

/** Time for the answers of calls that are cut short to get out. */
const flushMs = 500;

/** Beyond this, a timer fires at once. */
const maxNumber = 2 ** 31 - 1;

/** Serves a plugin until it is disposed of or a signal comes; throws `ServeError` where it cannot. */
export async function serve(plugin: Plugin, options: ServeOptions = {}): Promise<Serving> {
  checkNumbers(options);
  const dispatcher = new Dispatcher(plugin, {
    callTimeoutMs: options.callTimeoutMs,
    hooks: [options.hooks ?? []].flat(),
  });
  const http = new HttpFront(dispatcher, {
    maxBodyBytes: options.maxBodyBytes ?? 8 * 1024 * 1024,
    receiveMs: options.receiveTimeoutMs ?? 30_000,
  });
  const connections = new Connections(http);
  let accepted = 0;
  const opening = openAll(listensOf(plugin, options), (socket) => {
    accepted++;
    connections.accept(socket);
  });
  const { promise: closed, resolve: haveClosed } = Promise.withResolvers<void>();
  const releases: (() => void)[] = [];

  const stop = async (): Promise<void> => {
    const listeners = await opening.catch((): Listener[] => []);
    for (const { withdraw } of listeners) withdraw();
    // Cut off, a call that was dialled before would be repeated by the engine, without its body.
    await untilQuiet(() => accepted);
    for (const { close } of listeners) close();
    await within(Promise.all([connections.drain(), dispatcher.drain()]), options.drainTimeoutMs ?? 8000);
    dispatcher.cancelAll();
    await within(connections.drain(), flushMs);
    connections.destroy();
    for (const release of releases) release();
    haveClosed();
  };
  let stopping: Promise<void> | undefined;
  const close = (): Promise<void> => (stopping ??= stop());

  if (options.containCrashes !== false) releases.push(containCrashes());
  if (options.signals !== false) releases.push(closeOnSignal(close));
  try {
    const listeners = await opening;
    return { addresses: listeners.flatMap(({ addresses }) => addresses), closed, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens all or none. */
async function openAll(listens: readonly Listen[], accept: (socket: Socket) => void): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const listen of listens) listeners.push(await openListener(listen, accept));
    return listeners;
  } catch (error) {
    for (const { withdraw, close } of listeners) {
      withdraw();
      close();
    }
    throw error;
  }
}

function checkNumbers(options: ServeOptions): void {
  for (const name of ["callTimeoutMs", "maxBodyBytes", "receiveTimeoutMs", "drainTimeoutMs"] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value > 0 && value <= maxNumber)) continue;
    throw new RangeError(`${name} must be a whole number from 1 to ${maxNumber}, got ${value}`);
  }
}

function listensOf(plugin: Plugin, options: ServeOptions): readonly Listen[] {
  const folder = options.pluginsDir ?? "/run/docker/plugins";
  return [options.listen ?? { unix: join(folder, `${plugin.name}.sock`) }].flat();
}

async function within(work: Promise<unknown>, milliseconds: number): Promise<void> {
  const waited = new AbortController();
  try {
    await Promise.race([work, sleep(milliseconds, undefined, { signal: waited.signal })]);
  } finally {
    waited.abort();
  }
}
