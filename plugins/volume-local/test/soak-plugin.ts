// volume-local with all its backends, on a socket, told line by line what to do with many volumes at once; see `soak.ts`.
import { createInterface } from "node:readline";
import { definePlugin, serve } from "@outrigger/plugin";
import { openVolumes } from "@outrigger/volume-core";
import { backendsFor } from "../src/backends.ts";
import type { SoakCommand, SoakPlace } from "./soak-plugin-process.ts";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
// Loaded ahead of its time; the first line says that it has come. Without one, it never does.
const first = await lines.next();
if (first.done === true) process.exit();
// Written by `SoakPlugins`.
const { root, pluginsDir, poolSize } = JSON.parse(first.value) as SoakPlace;
const volumes = await openVolumes({ root, backend: backendsFor({ root, poolSize }), lingerMs: 50 });
const plugin = definePlugin({ name: "soak", drivers: { VolumeDriver: volumes.driver }, hooks: volumes.hooks });
const serving = await serve(plugin, { pluginsDir, signals: false, containCrashes: false });

const never = { path: "VolumeDriver.Test", signal: new AbortController().signal, deadline: Infinity };
const doers: Record<string, (...args: never[]) => unknown> = {
  recovered: () => volumes.recovered,
  mount: (Name: string, ID: string) => volumes.driver.mount({ Name, ID }, never),
  unmount: (Name: string, ID: string) => volumes.driver.unmount({ Name, ID }, never),
  list: () => volumes.list(),
  create: (name: string, options: Record<string, string>) => volumes.create(name, options),
  remove: (name: string) => volumes.remove(name),
  snapshot: (name: string, snapshot: string) => volumes.snapshot(name, snapshot),
  removeSnapshot: (name: string, snapshot: string) => volumes.removeSnapshot(name, snapshot),
  restore: (name: string, snapshot: string) => volumes.restore(name, snapshot),
  clone: (volume: string, name: string) => volumes.clone({ volume }, name),
  resize: (name: string, size: number) => volumes.resize(name, size),
  removed: () => volumes.removed(),
  bringBack: (id: string) => volumes.bringBack(id),
  purge: (id: string) => volumes.purge(id),
  check: () => volumes.check(),
};

process.stdout.write(`${JSON.stringify({ id: 0 })}\n`);
for await (const line of { [Symbol.asyncIterator]: () => lines }) void answer(line);
await serving[Symbol.asyncDispose]();
await volumes[Symbol.asyncDispose]();

async function answer(line: string): Promise<void> {
  // Written by `SoakPlugins`.
  const { id, verb, args } = JSON.parse(line) as SoakCommand;
  try {
    const done = await doers[verb]?.(...(args as never[]));
    process.stdout.write(`${JSON.stringify({ id, done })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ id, error: String(error) })}\n`);
  }
}
