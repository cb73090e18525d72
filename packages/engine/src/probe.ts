import { stat } from "node:fs/promises";
import { connect, type PluginConnection } from "./connect.ts";
import { CallError, DiscoveryError } from "./engine-error.ts";
import type { RawReply } from "./exchange.ts";
import type { PluginEntry } from "./plugin-entry.ts";

/**
 * What stands behind an entry.
 * `answers`: a plugin. `fails`: a plugin that answers the handshake with an error. `silent`: accepts, or cannot be
 * reached, but says nothing before the deadline. `dead`: nothing listens, so the file is left over. `not-a-plugin`:
 * something else answers. `forbidden`: this user may not connect. `unusable`: could not be tried, for a
 * fault in the file or in trust.
 */
export type PluginState = "answers" | "fails" | "silent" | "dead" | "not-a-plugin" | "forbidden" | "unusable";

/** An entry and what a call to it brought. */
export interface ProbedEntry extends PluginEntry {
  readonly state: PluginState;
  /** Why, in one line; empty when it answers. */
  readonly reason: string;
  /** What it implements; absent where it does not say, as a managed plugin need not. */
  readonly implements?: readonly string[] | undefined;
  /** How long the answer took; absent where none came. */
  readonly milliseconds?: number | undefined;
}

/** How long to wait for each. */
export interface ProbeOptions {
  /** Milliseconds for one entry, all of them at once; 1000 by default. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

type Finding = Pick<ProbedEntry, "state" | "reason" | "implements" | "milliseconds">;

/**
 * Sends the handshake to every entry at once and says what each one is, in the order given. One connection per
 * address, however many entries name it; returns within the deadline whatever the sockets do.
 */
export async function probe(entries: readonly PluginEntry[], options: ProbeOptions = {}): Promise<ProbedEntry[]> {
  const { deadlineMs = 1000, signal } = options;
  const findings = new Map<string, Promise<Finding>>();
  const keys = await Promise.all(entries.map(keyOf));
  return Promise.all(
    entries.map(async (entry, index) => {
      const key = keys[index] ?? entry.file;
      const known = findings.get(key);
      const finding = known ?? probeEntry(entry, signal === undefined ? { deadlineMs } : { deadlineMs, signal });
      findings.set(key, finding);
      return { ...entry, ...(await finding) };
    }),
  );
}

/** The same for entries behind which the same listener stands, links to one socket included. */
async function keyOf(entry: PluginEntry): Promise<string> {
  const { address, tls, kind, file } = entry;
  if (address?.transport !== "unix") return JSON.stringify([address ?? file, tls]);
  const inode = await stat(address.path).then(
    ({ dev, ino }) => [dev, ino],
    () => address.path,
  );
  return JSON.stringify([inode, kind === "managed"]);
}

async function probeEntry(entry: PluginEntry, options: { deadlineMs: number; signal?: AbortSignal }): Promise<Finding> {
  try {
    await using connection = await connect(entry);
    return await shakeHands(entry, connection, options);
  } catch (error) {
    if (error instanceof DiscoveryError) return { state: "unusable", reason: error.message };
    if (error instanceof CallError) return { state: stateOf(error), reason: error.message };
    throw error;
  }
}

async function shakeHands(
  entry: PluginEntry,
  connection: PluginConnection,
  options: { deadlineMs: number; signal?: AbortSignal },
): Promise<Finding> {
  const path = "Plugin.Activate";
  const reply = await connection.send(path, undefined, { ...options, maxReplyBytes: 65_536 });
  const { milliseconds } = reply;
  try {
    // The codec of the handshake gives this field this type.
    const manifest = connection.read(path, reply) as { Implements: readonly string[] };
    return { state: "answers", reason: "", implements: manifest.Implements, milliseconds };
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    // The engine never shakes hands with a managed plugin, so any answer in HTTP is a sign of life.
    if (entry.kind === "managed") return { state: "answers", reason: "", milliseconds };
    return { state: speaksProtocol(reply) ? "fails" : "not-a-plugin", reason: error.message, milliseconds };
  }
}

/** An error in the protocol's own form, as opposed to some web server's page. */
function speaksProtocol(reply: RawReply): boolean {
  try {
    const body: unknown = JSON.parse(reply.body.toString("utf8"));
    return typeof body === "object" && body !== null && "Err" in body && typeof body.Err === "string";
  } catch {
    return false;
  }
}

function stateOf(error: CallError): PluginState {
  if (error.code === "deadline") return "silent";
  if (error.code === "tls") return "unusable";
  if (error.code !== "unreachable") return "not-a-plugin";
  const code = error.cause instanceof Error && "code" in error.cause ? error.cause.code : undefined;
  if (code === "EACCES" || code === "EPERM") return "forbidden";
  return code === "EAGAIN" ? "silent" : "dead";
}
