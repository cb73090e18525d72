// From a plugin's URL or file to what can be dialled.
import { isIP } from "node:net";
import { parseAddress, type Address, type Rules } from "./address.ts";
import { DiscoveryError } from "./engine-error.ts";
import type { PluginEntry } from "./plugin-entry.ts";
import { decideTls, loadTls, plainTls, type LoadedTls, type TlsConfig, type TlsSettings } from "./tls-settings.ts";

/** Where a plugin listens, and how far to trust it. */
export interface Target {
  readonly address: Address;
  readonly tls?: TlsSettings | undefined;
}

/** Reads a URL, or takes what was read from a plugin's file; throws `DiscoveryError`. */
export function targetOf(
  target: string | PluginEntry,
  options: { readonly rules?: Rules; readonly tls?: TlsConfig },
): Target {
  return typeof target === "string" ? readTarget(target, options) : usable(target);
}

/** What `tls.connect` needs for an address; reads the certificates. Throws `DiscoveryError`. */
export async function secureOptions(
  address: Extract<Address, { readonly host: string }>,
  tls: TlsSettings | undefined,
): Promise<LoadedTls & { servername?: string }> {
  const secure = await loadTls(tls ?? plainTls("json", "strict").settings);
  return { ...secure, ...(isIP(address.host) === 0 ? { servername: address.host } : {}) };
}

function readTarget(text: string, options: { readonly rules?: Rules; readonly tls?: TlsConfig }): Target {
  const { rules = "strict", tls } = options;
  const { address } = parseAddress(text, { rules });
  if (address.transport !== "tls") return { address };
  const decided = tls === undefined ? plainTls("json", rules) : decideTls(tls, rules);
  return { address, tls: decided.settings };
}

function usable(entry: PluginEntry): Target {
  const { address, tls, problems } = entry;
  if (address !== undefined) return { address, tls };
  throw problems[0] ?? new DiscoveryError(`${entry.file}: names no address`, { code: "bad-address" });
}
