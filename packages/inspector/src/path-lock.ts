import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { listening } from "./socket-state.ts";

/** Held while one process has a path to itself: a plugin's place, or a recording. */
export interface PathLock extends Disposable {
  readonly path: string;
}

/**
 * Takes the lock on a path; undefined where another process has it. It is a name that only the kernel knows,
 * so that a killed holder holds nothing.
 */
export async function lockPath(path: string): Promise<PathLock | undefined> {
  const server = createServer((socket) => socket.destroy()).unref();
  const name = createHash("sha256").update(path).digest("hex").slice(0, 40);
  try {
    await listening(server, { path: `\0outrigger-inspector-${name}` });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return undefined;
    throw error;
  }
  return { path, [Symbol.dispose]: () => void server.close() };
}
