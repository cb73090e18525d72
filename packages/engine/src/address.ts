import { DiscoveryError } from "./engine-error.ts";

/**
 * How far to follow the engine where it ignores or weakens what a file says.
 * `engine`: do as it does, and say so in the warnings. `strict`: refuse what it would ignore, check what it would not.
 */
export type Rules = "strict" | "engine";

/** Where a plugin listens; `tcp` is plain, `tls` is what `https://` means. */
export type Address =
  | { readonly transport: "unix"; readonly path: string }
  | { readonly transport: "tcp" | "tls"; readonly host: string; readonly port: number; readonly authority: string };

/** An address and what the engine makes of the rest of its text. */
export interface ParsedAddress {
  readonly address: Address;
  readonly warnings: readonly string[];
}

/** The longest path that fits a unix socket's address beside its closing zero byte. */
const longestSocketPath = 107;

/**
 * Reads a plugin's URL as the engine does; throws `DiscoveryError`.
 * Source: moby/moby pkg/plugins/client.go, docker/go-connections sockets/sockets.go.
 */
export function parseAddress(text: string, options: { rules?: Rules } = {}): ParsedAddress {
  const url = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text);
  const scheme = url?.[1]?.toLowerCase();
  if (scheme === undefined) {
    throw bad(text, "has no scheme; write unix:///path/to.sock, tcp://host:port or https://host:port");
  }
  const authority = url?.[2] ?? "";
  const path = url?.[3] ?? "";
  const query = `${url?.[4] ?? ""}${url?.[5] ?? ""}`;
  if (scheme === "npipe") throw bad(text, "is a named pipe, which exists on Windows only");
  if (scheme === "unix") return unixAddress(text, { authority, path, query, rules: options.rules ?? "strict" });
  return tcpAddress(text, { scheme, authority, path, query, rules: options.rules ?? "strict" });
}

/** The address as a URL, as the engine would be told it. */
export function formatAddress(address: Address): string {
  if (address.transport === "unix") return `unix://${address.path.replaceAll(/[%?#]/g, encodeURIComponent)}`;
  return `${address.transport === "tls" ? "https" : "tcp"}://${address.authority}`;
}

interface Parts {
  readonly authority: string;
  readonly path: string;
  readonly query: string;
  readonly rules: Rules;
}

function unixAddress(text: string, parts: Parts): ParsedAddress {
  const path = parts.authority === "" ? decode(text, parts.path) : parts.authority;
  if (!path.startsWith("/")) {
    throw bad(text, "is a relative path to the engine; write three slashes: unix:///run/docker/plugins/name.sock");
  }
  const size = Buffer.byteLength(path);
  if (size > longestSocketPath) {
    throw bad(text, `is ${size} bytes long; a unix socket's path has room for ${longestSocketPath}: use a shorter one`);
  }
  return { address: { transport: "unix", path }, warnings: dropped(text, { ...parts, path: "" }) };
}

function tcpAddress(text: string, parts: Parts & { scheme: string }): ParsedAddress {
  const { scheme, rules } = parts;
  const authority = parts.authority.slice(parts.authority.lastIndexOf("@") + 1);
  const matched = /^(\[[0-9a-fA-F:.%]+\]|[^:[\]]+)(?::(\d{0,5}))?$/.exec(authority);
  const host = matched?.[1];
  if (host === undefined) {
    const remedy = parts.authority === "" ? `write tcp://${text}` : "write tcp://host:port";
    throw bad(text, `names no host (the engine takes "${scheme}:" for the scheme); ${remedy}`);
  }
  const secure = scheme === "https";
  const port = matched?.[2] ? Number(matched[2]) : secure ? 443 : 80;
  if (port < 1 || port > 65_535) throw bad(text, "has no usable port; ports go from 1 to 65535");

  const warnings: string[] = [];
  if (!["tcp", "http", "https"].includes(scheme)) {
    const what = `has the unknown scheme "${scheme}", which the engine takes for plain tcp`;
    if (rules === "strict") throw bad(text, `${what}; write unix://, tcp:// or https://`);
    warnings.push(`${text} ${what}`);
  }
  const userInfo = authority === parts.authority ? "" : parts.authority.slice(0, -authority.length);
  warnings.push(...dropped(text, { ...parts, authority: userInfo, path: parts.path === "/" ? "" : parts.path }));
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  return { address: { transport: secure ? "tls" : "tcp", host: bare, port, authority }, warnings };
}

/** What the engine leaves out of a URL: user, path and query never reach the plugin. */
function dropped(text: string, parts: Parts): string[] {
  const userInfo = parts.authority.endsWith("@") ? "the user" : "";
  const gone = [userInfo, parts.path && `"${parts.path}"`, parts.query && `"${parts.query}"`].filter(Boolean);
  if (gone.length === 0) return [];
  const what = `carries ${gone.join(" and ")}, which the engine drops: it calls /Kind.Method at the root`;
  if (parts.rules === "strict") throw bad(text, `${what}; remove it from the address`);
  return [`${text} ${what}`];
}

function decode(text: string, path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw bad(text, 'has a "%" that is no escape; write %25', cause);
  }
}

function bad(text: string, why: string, cause?: unknown): DiscoveryError {
  return new DiscoveryError(`address "${text}" ${why}`, { code: "bad-address", cause });
}
