import { DiscoveryError } from "./engine-error.ts";
import { parseAddress, type Address, type Rules } from "./address.ts";
import { readPluginFile } from "./plugin-file.ts";
import type { TlsSettings } from "./tls-settings.ts";

/** What kind of file announces a plugin; `managed` is the socket of one that the engine runs itself. */
export type EntryKind = "socket" | "spec" | "json" | "managed";

/** One file that announces a plugin. */
export interface PluginEntry {
  /** The name to use the plugin under; a managed plugin's is its id. */
  readonly name: string;
  readonly kind: EntryKind;
  readonly file: string;
  /** Where it listens; absent where the file cannot be used. */
  readonly address?: Address | undefined;
  /** Present where the address is `https://`. */
  readonly tls?: TlsSettings | undefined;
  /** Why the file cannot be used; empty when it can. */
  readonly problems: readonly DiscoveryError[];
  /** What the engine ignores, weakens or does not see here. */
  readonly warnings: readonly string[];
}

/** Reads the file behind a name into an entry; a fault in it becomes a problem of the entry. */
export async function readEntry(
  found: { name: string; kind: EntryKind; file: string },
  rules: Rules,
): Promise<PluginEntry> {
  const { kind, file } = found;
  try {
    const isSocket = kind === "socket" || kind === "managed";
    const read = isSocket ? parseAddress(`unix://${file}`, { rules: "engine" }) : await readPluginFile(file, rules);
    return { ...found, ...read, problems: [] };
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error;
    return { ...found, problems: [error], warnings: [] };
  }
}
