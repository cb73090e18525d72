import { run } from "@outrigger/linux";
import { request } from "./bare-calls.ts";

/** How a plugin is called. */
export interface Load {
  readonly socket: string;
  readonly connections: number;
  readonly calls: number;
  /** Sent in turn on each connection. */
  readonly requests: readonly string[];
}

/** What the caller saw. */
export interface LoadFigures {
  readonly callsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Runs the caller, behind `prefix` (such as taskset); any answer but 200 is an error. */
export async function call(caller: readonly string[], load: Load): Promise<LoadFigures> {
  const { socket, connections, calls, requests } = load;
  const { stdout } = await run([...caller, "call", socket, `${connections}`, `${calls}`], {
    input: JSON.stringify(requests),
    timeoutMs: 300_000,
  });
  // Written by go-load in this folder.
  return JSON.parse(stdout) as LoadFigures;
}

/** Milliseconds from the start of a plugin's process to its first answer to Activate. */
export async function timeToActivate(
  caller: string,
  options: { socket: string; command: readonly string[] },
): Promise<number> {
  const { stdout } = await run([caller, "start", options.socket, ...options.command]);
  return (JSON.parse(stdout) as { milliseconds: number }).milliseconds;
}

const names = Array.from({ length: 100 }, (_, index) => `volume-${index}`);
const ID = "a".repeat(64);

/** Makes the volumes that the workloads ask for. */
export const createAll = names.map((Name) => request("VolumeDriver.Create", { Name, Opts: null }));

/** What is measured: what the engine would send, and how often it is sent. */
export const workloads: readonly { name: string; requests: readonly string[]; calls: number }[] = [
  { name: "Get", requests: names.map((Name) => request("VolumeDriver.Get", { Name })), calls: 10_000 },
  {
    name: "Mount and Unmount",
    requests: names.flatMap((Name) => [
      request("VolumeDriver.Mount", { Name, ID }),
      request("VolumeDriver.Unmount", { Name, ID }),
    ]),
    calls: 10_000,
  },
  { name: "List of 100", requests: [request("VolumeDriver.List", {})], calls: 2000 },
];
