// A plugin's process as `outrigger dev` sees it: started, then up or failed, then ended.
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { startChild, type Child } from "@outrigger/linux";
import type { DevEvent, DevTask } from "./dev-child.ts";
import { definedOnly } from "./dev-types.ts";
import type { ServeEvent } from "./serve-log.ts";

/** How a start went. */
export type Outcome =
  | { readonly kind: "loaded"; readonly name: string }
  | { readonly kind: "serving"; readonly protocols: readonly string[] }
  | { readonly kind: "failed"; readonly text: string; readonly inUse: boolean };

/** A running plugin's process, or one that is to be. */
export interface DevProcess extends AsyncDisposable {
  readonly outcome: Promise<Outcome>;
  /** Resolves with how it ended, in words. */
  readonly ended: Promise<string>;
}

/** Who hears what a process says. */
export interface DevListener {
  readonly onEvent: (event: ServeEvent) => void;
  readonly onFiles: (files: readonly string[]) => void;
  /** A line that the plugin printed itself. */
  readonly onLine: (line: string) => void;
}

/** Beside this file, and of the same kind: source here, compiled where it is published. */
const program = fileURLToPath(import.meta.url.replace(/dev-process(\.[jt]s)$/, "dev-child$1"));

/** Starts a process for a task, with the socket as its descriptor 3 where it is to serve. */
export async function startDevProcess(
  task: DevTask,
  listener: DevListener,
  socket: number | undefined,
): Promise<DevProcess> {
  const output = new PassThrough();
  const child = await startChild([process.execPath, program, JSON.stringify(task)], {
    env: definedOnly(process.env),
    onOutput: (chunk) => output.write(chunk),
    ...(socket !== undefined && { descriptors: [socket] }),
  });
  const { promise: told, resolve } = Promise.withResolvers<Outcome>();
  const onMessage = (message: ServeEvent | DevEvent): void => {
    if (message.event === "files") listener.onFiles(message.files);
    else if (message.event === "loaded") resolve({ kind: "loaded", name: message.name });
    else if (message.event === "failed") resolve({ kind: "failed", text: message.text, inUse: message.inUse });
    else {
      if (message.event === "serving") resolve({ kind: "serving", protocols: message.implements });
      listener.onEvent(message);
    }
  };
  createInterface({ input: output }).on("line", (line) => {
    const message = readMessage(line);
    if (message === undefined) listener.onLine(line);
    else onMessage(message);
  });
  const ended = endOf(child);
  const early = ended.then((how): Outcome => ({ kind: "failed", text: `it ${how} before it served`, inUse: false }));
  return { outcome: Promise.race([told, early]), ended, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

async function endOf(child: Child): Promise<string> {
  const { code, signal } = await child.ended;
  // One turn, in which its last lines are read.
  await new Promise((resolve) => setImmediate(resolve));
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}

const known = ["files", "loaded", "failed", "serving", "call", "log", "stopped"];

/** What our own program in the child says; anything else is the plugin's, JSON or not, and shown as it is. */
function readMessage(line: string): ServeEvent | DevEvent | undefined {
  if (!line.startsWith('{"time":"')) return undefined;
  try {
    const message: unknown = JSON.parse(line);
    if (typeof message !== "object" || message === null || !("event" in message)) return undefined;
    // Its own program has no other shapes.
    return known.includes(String(message.event)) ? (message as ServeEvent | DevEvent) : undefined;
  } catch {
    return undefined;
  }
}
