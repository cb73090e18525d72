import {
  protocols,
  type Method,
  type Protocol,
  type ProtocolName,
  type Reply,
  type Request,
} from "@outrigger/protocol";
import type { Hooks } from "./hooks.ts";

/** Given to every driver method beside its request. */
export interface Call {
  /** `Kind.Method`. */
  readonly path: string;
  /**
   * Aborted when nobody waits for the answer any more: the deadline passed, the caller hung up, or the plugin stops.
   * Made at its first use, so it costs nothing when left alone.
   */
  readonly signal: AbortSignal;
  /** When the caller gets an error instead of the answer, in epoch milliseconds; `Infinity` for a stream. */
  readonly deadline: number;
}

/** What a driver method may return; nothing where the reply has no required field. */
export type Returned<P extends Protocol, M extends keyof P["methods"]> =
  Partial<Reply<P, M>> extends Reply<P, M> ? Reply<P, M> | void : Reply<P, M>;

type OptionalMethod<P extends Protocol> = {
  [M in keyof P["methods"]]: P["methods"][M] extends { readonly optional: string } ? M : never;
}[keyof P["methods"]];

type Simplify<T> = { [K in keyof T]: T[K] } & {};

/**
 * The methods of one protocol; those the engine can do without may be left out. Functions are spelled out here, for an
 * editor would show the whole descriptor in place of a named type's parameter.
 */
export type Driver<P extends Protocol> = Simplify<
  {
    readonly [M in Exclude<keyof P["methods"], OptionalMethod<P>>]: (
      request: Request<P, M>,
      call: Call,
    ) => Returned<P, M> | Promise<Returned<P, M>>;
  } & {
    readonly [M in OptionalMethod<P>]?: (
      request: Request<P, M>,
      call: Call,
    ) => Returned<P, M> | Promise<Returned<P, M>>;
  }
>;

/** Drivers by the protocol they implement, as `Implements` names it. */
export type Drivers = { readonly [N in ProtocolName]?: Driver<(typeof protocols)[N]> | undefined };

/** A plugin, ready to be served. */
export interface Plugin {
  /** What users type: `docker volume create -d <name>`. Also the socket's file name. */
  readonly name: string;
  readonly drivers: Drivers;
  /** Calls that arrive earlier wait for it, within their own deadline; Activate never does. */
  readonly ready?: Promise<unknown> | undefined;
  readonly hooks?: Hooks | undefined;
}

/** Declares a plugin; throws a `TypeError` that names what is missing or misnamed. */
export function definePlugin(plugin: Plugin): Plugin {
  checkName(plugin.name);
  const names = Object.keys(plugin.drivers).filter((name) => driverNamed(plugin, name) !== undefined);
  if (names.length === 0) {
    throw new TypeError(`plugin "${plugin.name}" has no driver; give one of ${Object.keys(protocols).join(", ")}`);
  }
  for (const name of names) checkDriver(plugin, name);
  return plugin;
}

/** A method of a plugin, and what runs it. */
export interface Implementation {
  readonly method: Method;
  readonly run: (request: unknown, call: Call) => unknown;
}

/** All methods that a plugin's drivers implement. */
export function implementationsOf(plugin: Plugin): Implementation[] {
  return Object.values<Protocol>(protocols).flatMap((protocol) => {
    const driver = driverNamed(plugin, protocol.name);
    return Object.entries(protocol.methods).flatMap(([verb, method]) => {
      const run = driver?.[verb];
      return typeof run === "function" ? [{ method, run: run.bind(driver) as Implementation["run"] }] : [];
    });
  });
}

/** The plugin's entries in `Implements`. */
export function manifestOf(plugin: Plugin): string[] {
  return Object.keys(plugin.drivers).filter((name) => driverNamed(plugin, name) !== undefined);
}

/** Throws a `TypeError` for a name that cannot be a socket's. */
export function checkName(name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(name)) {
    throw new TypeError(
      `plugin name ${JSON.stringify(name)} cannot be a socket's file name; use up to 63 letters, digits, ".", "_" and "-", a letter or digit first`,
    );
  }
}

function checkDriver(plugin: Plugin, name: string): void {
  const protocol = Object.values<Protocol>(protocols).find((protocol) => protocol.name === name);
  if (protocol === undefined) {
    throw new TypeError(
      `plugin "${plugin.name}": no protocol is called "${name}"; use ${Object.keys(protocols).join(", ")}`,
    );
  }
  const driver = driverNamed(plugin, name) ?? {};
  const missing = Object.entries(protocol.methods)
    .filter(([verb, method]) => method.optional === undefined && typeof driver[verb] !== "function")
    .map(([verb]) => verb);
  if (missing.length > 0) {
    throw new TypeError(`plugin "${plugin.name}": its ${name} driver lacks ${missing.join(", ")}`);
  }
}

/** The one place where drivers are looked at without their types: by the name and verb that a descriptor gives. */
function driverNamed(plugin: Plugin, name: string): Record<string, unknown> | undefined {
  return (plugin.drivers as Record<string, Record<string, unknown> | undefined>)[name];
}
