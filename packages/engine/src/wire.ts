import type { Socket } from "node:net";
import type { Address } from "./address.ts";
import type { ConnectOptions } from "./connect.ts";
import { prepareDial } from "./dial.ts";
import { knownMethod } from "./known-method.ts";
import type { PluginEntry } from "./plugin-entry.ts";
import { deadlineOf, headersOf, requestStyles, type Profile } from "./profile.ts";
import { bodyOf } from "./request-body.ts";

/** A request in pieces, so that each can be changed before it is sent. */
export interface WireRequest {
  readonly path: string;
  /** In the order and spelling of the caller. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** The bytes between engine and plugin: for those who must see, or change, every one of them. */
export interface Wire {
  readonly address: Address;
  readonly profile: Profile;
  /** The request that the caller of the profile would send for `Kind.Method`; see `PluginConnection.call`. */
  request(method: string, request?: unknown): WireRequest;
  /** Milliseconds the caller of the profile gives one attempt; 30 s where it has no limit. */
  deadlineMs(method: string): number;
  /** A new connection; rejects where the plugin cannot be reached. Over TLS the certificate has been checked. */
  dial(options?: { readonly signal?: AbortSignal }): Promise<Socket>;
}

/** Prepares the bytes to and from a plugin. Reads certificates, dials nothing; throws `DiscoveryError`. */
export async function openWire(
  target: string | PluginEntry,
  options: Pick<ConnectOptions, "profile" | "rules" | "tls"> = {},
): Promise<Wire> {
  const { address, dial } = await prepareDial(target, options);
  const { profile = "docker" } = options;
  const style = requestStyles[profile];
  return {
    address,
    profile,
    request: (method, request) => {
      const body = bodyOf(knownMethod(method), request, style);
      return { path: `/${method}`, headers: headersOf(style, address, body.length), body };
    },
    deadlineMs: (method) => deadlineOf(knownMethod(method)?.method, style),
    dial: ({ signal } = {}) => {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<Socket>();
      const socket = dial();
      const onAbort = (): void => void socket.destroy(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      socket.once("error", reject);
      socket.once(address.transport === "tls" ? "secureConnect" : "connect", () => {
        socket.off("error", reject);
        resolve(socket);
      });
      return promise.finally(() => signal?.removeEventListener("abort", onAbort));
    },
  };
}
