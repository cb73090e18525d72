// The plugin that `outrigger conform` judges, where it is to be started, killed and started again from here.
import { openWire, type PluginEntry } from "@outrigger/engine";
import { describeCommand, run, startChild, type Child } from "@outrigger/linux";
import { setTimeout as wait } from "node:timers/promises";
import { EnvironmentError, messageOf } from "./command-error.ts";

type Signal = "SIGKILL" | "SIGTERM";

/** A plugin that can be ended and started again. */
export interface RestartablePlugin extends AsyncDisposable {
  /** Ends it by a signal, waits for `whileDown`, starts it, and waits until it can be dialled. */
  readonly restart: (signal: Signal, whileDown?: () => Promise<void>) => Promise<void>;
}

const startLimitMs = 30_000;
/** The engine gives a managed plugin 10 s after SIGTERM. Source: moby/moby daemon/pkg/plugin/manager_linux.go. */
const endLimitMs = 10_000;

/** Starts a command that serves the plugin, and waits until it can be dialled; disposing ends it. */
export async function startPluginCommand(
  argv: readonly string[],
  find: () => Promise<string | PluginEntry>,
): Promise<RestartablePlugin> {
  let child: Child | undefined;
  const start = async (): Promise<void> => {
    const started = await startChild(argv, { env: environment() });
    child = started;
    let ended = false;
    void started.ended.then(() => (ended = true));
    await untilDialled(find, () => {
      if (!ended) return;
      const said = started.output().trim().slice(-1000) || "it printed nothing";
      throw new EnvironmentError(`${describeCommand(argv)} ended before its plugin could be dialled: ${said}`);
    });
  };
  const end = async (signal: Signal): Promise<void> => {
    child?.kill(signal);
    const late = wait(endLimitMs, "late", { ref: false });
    if ((await Promise.race([child?.ended, late])) === "late") child?.kill("SIGKILL");
    await child?.[Symbol.asyncDispose]();
  };
  try {
    await start();
  } catch (error) {
    await child?.[Symbol.asyncDispose]();
    throw error;
  }
  return {
    restart: async (signal, whileDown) => {
      await end(signal);
      await whileDown?.();
      await start();
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
    await run(["/bin/sh", "-c", line], { env: { ...environment(), OUTRIGGER_SIGNAL: signal }, timeoutMs: 60_000 });
    await untilDialled(find, () => {});
  };
}

async function untilDialled(find: () => Promise<string | PluginEntry>, check: () => void): Promise<void> {
  const limit = performance.now() + startLimitMs;
  for (;;) {
    check();
    try {
      const wire = await openWire(await find(), { rules: "engine" });
      (await wire.dial({ signal: AbortSignal.timeout(1000) })).destroy();
      return;
    } catch (cause) {
      if (performance.now() > limit) {
        const why = `the plugin could not be dialled within ${startLimitMs / 1000} s of its start: ${messageOf(cause)}`;
        throw new EnvironmentError(why, { cause });
      }
    }
    await wait(20);
  }
}

/** The user's own: what they start is theirs, and they know its PATH. */
function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
