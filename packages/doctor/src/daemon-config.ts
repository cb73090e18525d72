import { join } from "node:path";
import { JsonTextError, parseFirstJson, placeOf, readRegularFile } from "@outrigger/engine";
import { textAt, textsAt, valueAt } from "./json-value.ts";
import type { RunningEngine } from "./running-engine.ts";

/** What of an engine's configuration concerns plugins, flags and file together. */
export interface DaemonConfig {
  readonly file: string;
  /** `file:line:column: what`, where the file cannot be read as dockerd reads it. */
  readonly problem?: string | undefined;
  readonly dataRoot: string;
  /** Where its API listens: unix sockets only. */
  readonly sockets: readonly string[];
  readonly authorizationPlugins: readonly string[];
  readonly logDriver: string;
  readonly liveRestore: boolean;
}

/** Reads `daemon.json` below an engine's root, and the flags of the engine if it runs. */
export async function readDaemonConfig(root: string, engine: RunningEngine | undefined): Promise<DaemonConfig> {
  const flag = (...names: readonly string[]): readonly string[] => engine?.flag(...names) ?? [];
  const file = join(root, flag("--config-file")[0] ?? "/etc/docker/daemon.json");
  const { value, problem } = await readJson(file);
  const hosts = [...flag("--host", "-H"), ...textsAt(value, "hosts")];
  const sockets = hosts.filter((host) => host.startsWith("unix://")).map((host) => host.slice("unix://".length));
  return {
    file,
    problem,
    dataRoot:
      flag("--data-root", "-g", "--graph")[0] ??
      (textAt(value, "data-root") || textAt(value, "graph") || "/var/lib/docker"),
    sockets: sockets.length > 0 ? sockets : ["/var/run/docker.sock"],
    authorizationPlugins: [...new Set([...flag("--authorization-plugin"), ...textsAt(value, "authorization-plugins")])],
    logDriver: flag("--log-driver")[0] ?? textAt(value, "log-driver"),
    liveRestore: valueAt(value, "live-restore") === true,
  };
}

async function readJson(file: string): Promise<{ value?: unknown; problem?: string }> {
  let text = "";
  try {
    text = await readRegularFile(file);
    return text.trim() === "" ? {} : { value: parseFirstJson(text).value };
  } catch (error) {
    if (error instanceof JsonTextError) {
      const { line, column } = placeOf(text, error.offset);
      return { problem: `${file}:${line}:${column}: ${error.message}` };
    }
    const why = error instanceof Error ? error.message : String(error);
    // No file at all is the usual case.
    return why.includes("ENOENT") ? {} : { problem: `${file}: ${why}` };
  }
}
