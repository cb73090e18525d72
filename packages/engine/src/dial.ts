// A bare connection to a plugin, for what speaks HTTP itself.
import { createConnection, type Socket } from "node:net";
import type { Address } from "./address.ts";
import type { ConnectOptions } from "./connect.ts";
import type { PluginEntry } from "./plugin-entry.ts";
import { secureOptions, targetOf } from "./target.ts";

/** Where a plugin is, and how to open a connection to it. */
export interface Dialler {
  readonly address: Address;
  /** Returns at once; the socket says whether it came about. Half-open: it ends only when both sides have. */
  readonly dial: () => Socket;
}

/**
 * Prepares connections to a plugin, given as a URL or as found by `discover` or `lookup`, with TLS where its address
 * asks for it. Reads certificates, dials nothing. Throws `DiscoveryError` for what cannot be used.
 */
export async function prepareDial(
  target: string | PluginEntry,
  options: Pick<ConnectOptions, "rules" | "tls"> = {},
): Promise<Dialler> {
  const { address, tls } = targetOf(target, options);
  if (address.transport === "unix") {
    return { address, dial: () => createConnection({ path: address.path, allowHalfOpen: true }) };
  }
  const { host, port } = address;
  const place = { host, port, allowHalfOpen: true, noDelay: true };
  if (address.transport === "tcp") return { address, dial: () => createConnection(place) };
  const secure = await secureOptions(address, tls);
  const { connect } = await import("node:tls");
  return { address, dial: () => connect({ ...place, ...secure }) };
}
