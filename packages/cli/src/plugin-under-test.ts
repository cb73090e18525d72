// The plugin that `outrigger conform` judges, where it is to be started, killed and started again from here.
import type { PluginEntry } from "@outrigger/engine";
import { run, type Child } from "@outrigger/linux";
import { setTimeout as wait } from "node:timers/promises";
import { dialled, startPlugin, untilFound, userEnvironment } from "./plugin-command.ts";

type Signal = "SIGKILL" | "SIGTERM";

/** A plugin that can be ended and started again. */
export interface RestartablePlugin extends AsyncDisposable {
  /** Ends it by a signal, waits for `whileDown`, starts it, and waits until it can be dialled. */
  readonly restart: (signal: Signal, whileDown?: () => Promise<void>) => Promise<void>;
}

/** The engine gives a managed plugin 10 s after SIGTERM. Source: moby/moby daemon/pkg/plugin/manager_linux.go. */
const endLimitMs = 10_000;

/** Starts a command that serves the plugin, and waits until it can be dialled; disposing ends it. */
export async function startPluginCommand(
  argv: readonly string[],
  find: () => Promise<string | PluginEntry>,
): Promise<RestartablePlugin> {
  const start = async (): Promise<Child> => (await startPlugin(argv, { find: () => dialled(find) })).child;
  let child = await start();
  const end = async (signal: Signal): Promise<void> => {
    child.kill(signal);
    const late = wait(endLimitMs, "late", { ref: false });
    if ((await Promise.race([child.ended, late])) === "late") child.kill("SIGKILL");
    await child[Symbol.asyncDispose]();
  };
  return {
    restart: async (signal, whileDown) => {
      await end(signal);
      await whileDown?.();
      child = await start();
    },
    [Symbol.asyncDispose]: async () => end("SIGTERM"),
  };
}

/**
 * A plugin that a command of the user ends and starts; the command finds the signal's name in OUTRIGGER_SIGNAL. When the
 * plugin is down cannot be told.
 */
export function restartByCommand(
  line: string,
  find: () => Promise<string | PluginEntry>,
): RestartablePlugin["restart"] {
  return async (signal) => {
    await run(["/bin/sh", "-c", line], { env: { ...userEnvironment(), OUTRIGGER_SIGNAL: signal }, timeoutMs: 60_000 });
    await untilFound(
      () => dialled(find),
      () => {},
    );
  };
}
