// What stands in a `.spec` and in a `.json` file.
import { basename } from "node:path";
import { formatAddress, parseAddress, type Address, type Rules } from "./address.ts";
import { DiscoveryError } from "./engine-error.ts";
import { JsonTextError, parseFirstJson, placeOf } from "./json-text.ts";
import { readRegularFile } from "./regular-file.ts";
import { decideTls, plainTls, type DecidedTls, type TlsConfig, type TlsSettings } from "./tls-settings.ts";

/** Where a plugin's file says it listens. */
export interface PluginFile {
  readonly address: Address;
  /** Present where the address is `https://`. */
  readonly tls?: TlsSettings | undefined;
  /** What the engine ignores or weakens in this file. */
  readonly warnings: readonly string[];
}

/** Reads a `.spec` or `.json` file; every `DiscoveryError` begins with the file's name. */
export async function readPluginFile(file: string, rules: Rules): Promise<PluginFile> {
  let text = "";
  try {
    text = await readRegularFile(file);
    return file.endsWith(".json") ? parseJsonFile(text, { file, rules }) : parseSpecFile(text, rules);
  } catch (error) {
    if (error instanceof JsonTextError) {
      const { line, column } = placeOf(text, error.offset);
      const message = `${file}:${line}:${column}: ${error.message}`;
      throw new DiscoveryError(message, { code: "bad-json", cause: error });
    }
    if (!(error instanceof DiscoveryError)) throw error;
    throw new DiscoveryError(`${file}: ${error.message}`, { code: error.code, cause: error });
  }
}

/** Source: moby/moby pkg/plugins/discovery.go, readPluginInfo. */
function parseSpecFile(text: string, rules: Rules): PluginFile {
  const { address, warnings } = parseAddress(text.trim(), { rules });
  if (address.transport !== "tls") return { address, warnings };
  const tls = plainTls("spec", rules);
  return { address, tls: tls.settings, warnings: [...warnings, ...tls.warnings] };
}

/** Source: moby/moby pkg/plugins/discovery.go, readPluginJSONInfo. */
function parseJsonFile(text: string, options: { file: string; rules: Rules }): PluginFile {
  const { file, rules } = options;
  const { value, rest } = parseFirstJson(text);
  const { Name, Addr, TLSConfig } = readFields(value, { Name: "string", Addr: "string", TLSConfig: "object" });
  if (Addr === undefined || Addr === "")
    throw wrong('has no "Addr"; write "Addr": "unix:///path/to.sock" or another URL');

  const { address, warnings: dropped } = parseAddress(Addr, { rules });
  const warnings = [...dropped];
  const name = basename(file, ".json");
  if (Name !== undefined && Name !== name) warnings.push(`Name "${Name}" is ignored: the file's name is the plugin's`);
  if (rest !== "") warnings.push("the engine reads the first JSON value of the file and ignores what follows it");
  const config = TLSConfig === undefined ? undefined : readTlsConfig(TLSConfig);
  if (address.transport === "tls") {
    const tls: DecidedTls = config === undefined ? plainTls("json", rules) : decideTls(config, rules);
    return { address, tls: tls.settings, warnings: [...warnings, ...tls.warnings] };
  }
  if (config !== undefined && Object.keys(config).length > 0) {
    const what = `TLSConfig has no effect on ${formatAddress(address)}: the engine uses TLS for https:// only`;
    if (rules === "strict" && address.transport === "tcp") throw wrong(`${what}; write https:// or remove TLSConfig`);
    warnings.push(what);
  }
  return { address, warnings };
}

function readTlsConfig(value: object): TlsConfig {
  return readFields(value, {
    CAFile: "string",
    CertFile: "string",
    KeyFile: "string",
    InsecureSkipVerify: "boolean",
    ExclusiveRootPools: "boolean",
    MinVersion: "number",
  });
}

interface Kinds {
  string: string;
  boolean: boolean;
  number: number;
  object: object;
}

/** Picks fields as Go's decoder does: keys in any case, the last one wins, null is nothing, the rest is ignored. */
function readFields<const F extends Record<string, keyof Kinds>>(
  value: unknown,
  fields: F,
): { readonly [K in keyof F]?: Kinds[F[K]] } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("must hold a JSON object");
  const result: Record<string, unknown> = {};
  const byFold = new Map(Object.keys(fields).map((field) => [field.toLowerCase(), field]));
  for (const [key, field] of Object.entries(value)) {
    const known = byFold.get(key.toLowerCase());
    if (known === undefined || field === null) continue;
    const kind = Array.isArray(field) ? "list" : typeof field;
    if (kind !== fields[known]) throw wrong(`has a ${kind} as "${key}"; it must be a ${fields[known]}`);
    result[known] = field;
  }
  // Each value was checked against the kind that the type names.
  return result as { readonly [K in keyof F]?: Kinds[F[K]] };
}

function wrong(why: string): DiscoveryError {
  return new DiscoveryError(why, { code: "bad-json" });
}
