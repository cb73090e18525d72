// Several plugins in one process: all of them, or none.
import { join } from "node:path";
import {
  createMetrics,
  parseOptions,
  serve,
  ServeError,
  type Listen,
  type Metrics,
  type Plugin,
  type PluginModule,
  type Serving,
} from "@outrigger/plugin";
import { RequestError } from "@outrigger/protocol";
import { abortOnSignal } from "./abort-on-signal.ts";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { loadPlugin } from "./load-plugin.ts";
import type { PluginConfig, ServeConfig } from "./serve-config.ts";
import type { ServeLog } from "./serve-log.ts";

/** A plugin whose package is loaded and whose options are read. */
interface Prepared {
  readonly config: PluginConfig;
  readonly module: PluginModule;
  readonly name: string;
  readonly options: Parameters<PluginModule["open"]>[0];
}

/** What the steps of starting share. */
interface Start {
  readonly config: ServeConfig;
  readonly log: ServeLog;
  /** Takes down, in reverse order, what was brought up. */
  readonly held: AsyncDisposableStack;
  readonly signal: AbortSignal;
}

/**
 * Serves all plugins until a signal stops them, and resolves when the last one has stopped. Where one cannot be
 * loaded, opened or served, what is up already is taken down again, and the error says which and why.
 */
export async function serveAll(config: ServeConfig, log: ServeLog): Promise<void> {
  await using held = new AsyncDisposableStack();
  const served = await startAll({ config, log, held });
  await Promise.all(
    served.map(async ({ name, serving }) => {
      await serving.closed;
      log.stopped(name);
    }),
  );
}

async function startAll(given: Omit<Start, "signal">): Promise<{ name: string; serving: Serving }[]> {
  // Once a plugin is served, its own handlers are there.
  using stop = abortOnSignal();
  const start: Start = { ...given, signal: stop.signal };
  const opened = await openAll(await prepareAll(start.config), start);
  const metrics = await metricsOf(opened, start);
  const served = [];
  for (const { one, plugin } of opened) {
    const serving = await serveOne(plugin, one, { ...start, metrics: metrics.get(one.name) });
    served.push({ name: one.name, plugin, serving: start.held.use(serving) });
  }
  // Stopped on the way up: what is up goes down again, and nothing went wrong.
  if (stop.signal.aborted) return [];
  for (const { name, plugin, serving } of served) {
    start.log.serving(name, { implements: Object.keys(plugin.drivers), addresses: serving.addresses });
  }
  return served;
}

async function prepareAll(config: ServeConfig): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  for (const plugin of config.plugins) {
    const module = await loadPlugin(plugin.plugin, config.folder);
    const one = { config: plugin, module, name: plugin.name ?? module.name };
    if (prepared.some(({ name }) => name === one.name)) {
      throw new UsageError(`${whichOf(one)}: another one has this name; give it a "name" of its own`);
    }
    try {
      prepared.push({ ...one, options: parseOptions(module.options, plugin.options) });
    } catch (cause) {
      if (!(cause instanceof RequestError)) throw cause;
      throw new UsageError(`${whichOf(one)}: ${cause.message}`, { cause });
    }
  }
  return prepared;
}

/** Opens all at once: each may have a backend to wait for. */
async function openAll(prepared: readonly Prepared[], start: Start): Promise<{ one: Prepared; plugin: Plugin }[]> {
  const { log, held, signal } = start;
  const results = await Promise.allSettled(
    prepared.map(async (one) => {
      const plugin = await one.module.open(one.options, { name: one.name, log: log.of(one.name), signal });
      return { one, plugin: held.use(plugin) };
    }),
  );
  const failures = results.flatMap((result, index) => {
    const one = prepared[index];
    return result.status === "rejected" && one !== undefined
      ? [{ text: `${whichOf(one)} did not open: ${messageOf(result.reason)}`, cause: result.reason as unknown }]
      : [];
  });
  if (failures.length > 0 && !signal.aborted) {
    throw new EnvironmentError(failures.map(({ text }) => text).join("; and "), { cause: failures[0]?.cause });
  }
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** Counters by plugin, served where that is wanted. */
async function metricsOf(opened: readonly { one: Prepared }[], start: Start): Promise<ReadonlyMap<string, Metrics>> {
  const address = start.config.metrics;
  if (address === undefined) return new Map();
  const metrics = new Map(opened.map(({ one }) => [one.name, createMetrics()]));
  // Only now, for it brings node:http along.
  const { serveMetrics } = await import("./metrics-server.ts");
  const server = start.held.use(await serveMetrics(address, metrics));
  start.log.metrics(server.url);
  return metrics;
}

async function serveOne(
  plugin: Plugin,
  one: Prepared,
  options: Start & { metrics: Metrics | undefined },
): Promise<Serving> {
  const { config, log, metrics } = options;
  try {
    return await serve(plugin, {
      listen: listenOf(one, config.pluginsDir ?? defaultPluginsDir),
      callTimeoutMs: one.config.callTimeoutMs,
      hooks: [log.hooks(one.name), ...(metrics === undefined ? [] : [metrics])],
    });
  } catch (cause) {
    if (!(cause instanceof ServeError)) throw cause;
    const text = `${whichOf(one)}: ${cause.message}`;
    const isUsage = cause.code === "bad-address" || cause.code === "insecure";
    throw isUsage ? new UsageError(text, { cause }) : new EnvironmentError(text, { cause });
  }
}

const defaultPluginsDir = "/run/docker/plugins";

function listenOf(one: Prepared, pluginsDir: string): Listen[] {
  const { listen, group } = one.config;
  const ways = listen.length > 0 ? listen : [{ unix: join(pluginsDir, `${one.name}.sock`) }];
  if (group === undefined) return [...ways];
  if (!ways.some((way) => "unix" in way)) {
    throw new UsageError(`${whichOf(one)}: the group is for a unix socket, and there is none; leave it out`);
  }
  return ways.map((way) => ("unix" in way ? { ...way, group } : way));
}

/** What a message calls a plugin: its place in the file, and its name. */
function whichOf({ config, name }: Pick<Prepared, "config" | "name">): string {
  return config.place === "" ? `plugin "${name}"` : `${config.place} ("${name}")`;
}
