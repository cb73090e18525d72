// Volumes in a process that does what it is told line by line, and kills itself where it is told; see `kill-matrix.ts`.
import { createInterface } from "node:readline";
import { openVolumes } from "@outrigger/volume-core";
import { backendsFor } from "../src/backends.ts";
import type { Command, Place } from "./commander.ts";

// Written by `startVolumes`.
const place = JSON.parse(process.argv[2] ?? "{}") as Place;
let dieAt: string | undefined;

const volumes = await openVolumes({
  ...place,
  backend: backendsFor(place),
  onStep: (step) => {
    if (step === dieAt) process.kill(process.pid, "SIGKILL");
  },
});
await volumes.recovered;

const never = { path: "VolumeDriver.Test", signal: new AbortController().signal, deadline: Infinity };
const doers: Record<string, (...args: never[]) => unknown> = {
  dieAt: (step: string) => void (dieAt = step),
  mount: (Name: string, ID: string) => volumes.driver.mount({ Name, ID }, never),
  unmount: (Name: string, ID: string) => volumes.driver.unmount({ Name, ID }, never),
  inspect: (name: string) => volumes.inspect(name),
  list: () => volumes.list().map(({ name }) => name),
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

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  // Written by `startVolumes`.
  const { verb, args } = JSON.parse(line) as Command;
  try {
    const done = await doers[verb]?.(...(args as never[]));
    process.stdout.write(`${JSON.stringify({ done })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
  }
}
await volumes[Symbol.asyncDispose]();
