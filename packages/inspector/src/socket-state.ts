import { lstatSync } from "node:fs";
import { createConnection, type Server } from "node:net";

/** The longest path that fits a unix socket's address beside its closing zero byte. */
const longestPath = 107;

/** Who is behind a path: nobody, a process that accepts, a process that is gone, or something that is no such socket. */
export type SocketState = "absent" | "live" | "dead" | "foreign";

/** Finds out by connecting once. */
export async function socketState(path: string): Promise<SocketState> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return "absent";
  if (!found.isSocket()) return "foreign";
  try {
    await connectOnce(path);
    return "live";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return "absent";
    if (code === "ECONNREFUSED") return "dead";
    // Its queue is full: somebody is there.
    if (code === "EAGAIN") return "live";
    if (code === "EPROTOTYPE") return "foreign";
    throw error;
  }
}

/** Whether a path can be an address. */
export function fitsSocket(path: string): boolean {
  return Buffer.byteLength(path) <= longestPath;
}

/** Makes a server listen; rejects with what the system says. */
export function listening(server: Server, options: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      server.on("error", (error) => process.emitWarning(error));
      resolve();
    });
  });
}

function connectOnce(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}
