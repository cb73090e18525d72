// What one process serves: outrigger.json, checked. Flags come through here too, so both take and refuse the same.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { defineOptions, parseOptions, type Listen, type Options, type OptionValues } from "@outrigger/plugin";
import { RequestError } from "@outrigger/protocol";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { didYouMean } from "./did-you-mean.ts";
import { parseJson } from "./json-file.ts";

/** One plugin to serve. */
export interface PluginConfig {
  /** A package or a path, as `loadPlugin` takes it. */
  readonly plugin: string;
  /** What the engine calls it; the plugin's own name where left out. */
  readonly name?: string | undefined;
  /** Who may connect to its unix socket. */
  readonly group?: string | undefined;
  /** The most that the engine waits for any answer. */
  readonly callTimeoutMs?: number | undefined;
  /** Values for the plugin's own options, as texts or as JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Empty for the default socket. */
  readonly listen: readonly Listen[];
  /** Where this was said, for messages: `outrigger.json: plugins[0]`, or nothing for flags. */
  readonly place: string;
}

/** Everything that one process serves. */
export interface ServeConfig {
  readonly pluginsDir?: string | undefined;
  /** Loopback `address:port`. */
  readonly metrics?: string | undefined;
  readonly plugins: readonly PluginConfig[];
  /** Where relative paths of plugins start. */
  readonly folder: string;
}

const processOptions = defineOptions({
  pluginsDir: { type: "path", doc: "folder of the sockets" },
  metrics: { type: "string", doc: "loopback address:port" },
});

const pluginOptions = defineOptions({
  plugin: { type: "string", required: true, doc: "name the package, or the path of a file" },
  name: { type: "string", doc: "what the engine calls it" },
  group: { type: "string", doc: "who may connect to its unix socket" },
  callTimeoutMs: { type: "integer", min: 1, doc: "the most that the engine waits for any answer" },
});

const listenOptions = {
  unix: defineOptions({
    unix: { type: "path", required: true, doc: "the socket's path" },
  }),
  tcp: defineOptions({
    tcp: { type: "string", required: true, doc: "address:port" },
    spec: { type: "path", doc: "the .spec file to write for the engine" },
    allowRemote: { type: "boolean", doc: "serve other machines although nothing proves who they are" },
  }),
  tls: defineOptions({
    tls: { type: "string", required: true, doc: "host:port" },
    cert: { type: "path", required: true, doc: "the plugin's certificate" },
    key: { type: "path", required: true, doc: "its key" },
    clientCa: { type: "path", required: true, doc: "who signs the callers' certificates" },
  }),
  systemd: defineOptions({
    systemd: { type: "boolean", required: true, doc: "take the sockets that systemd passes" },
    allowRemote: { type: "boolean", doc: "serve other machines although nothing proves who they are" },
  }),
} as const;

const tlsSpecOptions = defineOptions({
  file: { type: "path", required: true, doc: "the .json file to write for the engine" },
  CAFile: { type: "path", required: true, doc: "who signed the plugin's certificate" },
  CertFile: { type: "path", required: true, doc: "the engine's certificate" },
  KeyFile: { type: "path", required: true, doc: "its key" },
});

/** Reads and checks a configuration file; throws `UsageError` that says where in the file, `EnvironmentError` for none. */
export async function readServeConfig(file: string): Promise<ServeConfig> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new EnvironmentError(`cannot read ${file}: ${messageOf(cause)}; name another with --config`, { cause });
  }
  const { plugins, ...rest } = readObject(parseJson(text, file), file, [...Object.keys(processOptions), "plugins"]);
  const list = readList(plugins, `${file}: plugins`);
  if (list.length === 0) throw new UsageError(`${file}: plugins is empty; write {"plugin": "volume-local"} into it`);
  return {
    ...readFlat(rest, processOptions, file),
    plugins: list.map((plugin, index) => readPluginConfig(plugin, `${file}: plugins[${index}]`)),
    folder: dirname(resolve(file)),
  };
}

/** Checks one plugin's entry; throws `UsageError` that begins with the place. */
export function readPluginConfig(value: unknown, place: string): PluginConfig {
  const known = [...Object.keys(pluginOptions), "options", "listen"];
  const { options = {}, listen = [], ...rest } = readObject(value, place, known);
  return {
    ...readFlat(rest, pluginOptions, place),
    options: readObject(options, at(place, "options")),
    listen: readList(listen, at(place, "listen")).map((one, index) => readListen(one, at(place, `listen[${index}]`))),
    place,
  };
}

function readListen(value: unknown, place: string): Listen {
  const given = readObject(value, place);
  const ways = Object.keys(listenOptions);
  const [way, another] = ways.filter((key) => Object.hasOwn(given, key));
  if (way === undefined || another !== undefined) {
    const [hint = ""] =
      way === undefined
        ? Object.keys(given)
            .map((key) => didYouMean(key, ways))
            .filter(Boolean)
        : [];
    throw wrong(place, `must have one of ${ways.join(", ")}${hint}`);
  }
  if (way === "unix") return readFlat(given, listenOptions.unix, place);
  if (way === "tcp") return readFlat(given, listenOptions.tcp, place);
  if (way === "systemd") {
    const { systemd, allowRemote } = readFlat(given, listenOptions.systemd, place);
    if (!systemd) throw wrong(place, "systemd is true or left out");
    return { systemd, allowRemote };
  }
  const { json, ...rest } = given;
  const tls = readFlat(rest, listenOptions.tls, place);
  return json === undefined
    ? tls
    : { ...tls, json: readFlat(readObject(json, at(place, "json")), tlsSpecOptions, at(place, "json")) };
}

function readFlat<const S extends Options>(
  value: Readonly<Record<string, unknown>>,
  options: S,
  place: string,
): OptionValues<S> {
  try {
    return parseOptions(options, value);
  } catch (cause) {
    if (!(cause instanceof RequestError)) throw cause;
    throw wrong(place, cause.message, cause);
  }
}

function readObject(value: unknown, place: string, known?: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(place, "must be a JSON object");
  const stranger = known && Object.keys(value).find((key) => !known.includes(key));
  if (stranger !== undefined) {
    throw wrong(
      place,
      `unknown key "${stranger}"${didYouMean(stranger, known ?? [], `known are ${known?.join(", ")}`)}`,
    );
  }
  // A JSON object, as was just checked.
  return value as Readonly<Record<string, unknown>>;
}

function readList(value: unknown, place: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(place, `must be a list, written in [ ]${value === undefined ? ", and is missing" : ""}`);
}

function at(place: string, key: string): string {
  return place === "" ? key : `${place}.${key}`;
}

function wrong(place: string, what: string, cause?: unknown): UsageError {
  return new UsageError(place === "" ? what : `${place}: ${what}`, { cause });
}
