// The process in which `outrigger dev` runs a plugin. It is told what to serve by its one argument, and tells what
// happens as JSON, one event a line, as `outrigger serve --json` does.
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { describeFailure } from "./dev-failure.ts";
import { loadPlugin } from "./load-plugin.ts";
import { serveAll } from "./serve-all.ts";
import type { PluginConfig } from "./serve-config.ts";
import { createServeLog } from "./serve-log.ts";

/** What the child is to do. */
export interface DevTask {
  /** Only load the plugin, and say its name and its files. */
  readonly look: boolean;
  readonly config: PluginConfig;
  /** Where relative paths of plugins start. */
  readonly folder: string;
}

/** What only this child tells, beside the events of `outrigger serve --json`. */
export type DevEvent =
  | { readonly event: "loaded"; readonly name: string }
  | { readonly event: "files"; readonly files: readonly string[] }
  | { readonly event: "failed"; readonly text: string; readonly inUse: boolean };

if (import.meta.main) await runTask(readTask());

/** Written by `outrigger dev`, which starts nothing else with this file. */
function readTask(): DevTask {
  return JSON.parse(process.argv[2] ?? "") as DevTask;
}

async function runTask({ look, config, folder }: DevTask): Promise<void> {
  endWithParent();
  const files = new Set<string>();
  registerHooks({
    load: (url, context, next) => {
      if (url.startsWith("file:") && !url.includes("/node_modules/")) files.add(fileURLToPath(url));
      return next(url, context);
    },
  });
  try {
    const { name } = await loadPlugin(config.plugin, folder).finally(() => tell({ event: "files", files: [...files] }));
    if (look) return tell({ event: "loaded", name });
    // The socket is for this very process, whose number nobody knew when the rest was written.
    Object.assign(process.env, { LISTEN_PID: String(process.pid), LISTEN_FDS: "1" });
    await serveAll(
      { plugins: [{ ...config, listen: [{ systemd: true }] }], folder },
      createServeLog({ json: true, trace: true }),
    );
  } catch (error) {
    tell({ event: "failed", ...describeFailure(error) });
    process.exitCode = 1;
  }
}

/** Its standard input is a pipe from `outrigger dev`, which ends with it, kill -9 included. */
function endWithParent(): void {
  process.stdin.on("end", () => process.kill(process.pid, "SIGTERM")).resume();
  process.stdin.on("error", () => {});
  // All that a pipe lacks for this is in the types: it is a socket.
  (process.stdin as unknown as { unref(): void }).unref();
}

function tell(event: DevEvent): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
}
