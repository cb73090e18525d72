import assert from "node:assert/strict";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "@outrigger/linux";
import type { Step } from "@outrigger/volume-core";
import type { Place } from "./serve-volumes.ts";

/** What `served-plugin.ts` is told. */
export interface PluginProcessOptions extends Place {
  /** Where it kills itself once it is ready. */
  readonly dieAt?: Step;
  /** At which of its steps, counted from 1, it kills itself while it recovers. */
  readonly dieInRecovery?: number;
}

/** The plugin in a process of its own. */
export interface PluginProcess extends AsyncDisposable {
  /** Resolves when it has killed itself, or was killed. */
  readonly killed: Promise<void>;
  kill9(): Promise<void>;
}

/** Starts the plugin and waits until it is ready; undefined if it killed itself before. */
export async function startPlugin(options: PluginProcessOptions): Promise<PluginProcess | undefined> {
  const ready = Promise.withResolvers<"ready">();
  const program = new URL("served-plugin.ts", import.meta.url).pathname;
  const child = await startChild([process.execPath, program, JSON.stringify(options)], {
    onOutput: (chunk) => {
      if (chunk.includes("ready")) ready.resolve("ready");
    },
  });
  const killed = child.ended.then(({ signal }) => assert.equal(signal, "SIGKILL", child.output()));
  if ((await Promise.race([ready.promise, killed])) !== "ready") return undefined;
  const kill9 = async (): Promise<void> => {
    child.kill("SIGKILL");
    await killed;
  };
  return { killed, kill9, [Symbol.asyncDispose]: kill9 };
}

/** Folders for a plugin, which go with all that is in them. */
export async function temporaryPlace(): Promise<Place & AsyncDisposable & { readonly path: string }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "outrigger-local-")));
  return {
    path,
    root: join(path, "root"),
    pluginsDir: join(path, "plugins"),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
