import net from "node:net";
import { startChild } from "./child.ts";

/** A listening unix socket of which nothing is accepted here: callers wait in it for a process that it is passed to. */
export interface HeldSocket {
  /** To be passed on as one of `descriptors`. */
  readonly fd: number;
  /** Lets go of it; who still waits in it is sent away, unless another process has it too. */
  readonly close: () => void;
}

/** What Node's own cluster module makes sockets with. A plain server would accept as soon as it listens. */
interface Handle {
  readonly fd: number;
  readonly close: () => void;
}

/** Makes a socket at a path where nothing is. Throws where that cannot be, or where this Node has no such sockets. */
export async function holdSocket(path: string): Promise<HeldSocket> {
  const handle = bind(path);
  try {
    await listen(handle.fd);
    return { fd: handle.fd, close: () => handle.close() };
  } catch (error) {
    handle.close();
    throw error;
  }
}

function bind(path: string): Handle {
  const create: unknown = Reflect.get(net, "_createServerHandle");
  const handle: unknown = typeof create === "function" ? Reflect.apply(create, net, [path, -1, -1]) : undefined;
  if (typeof handle === "number") throw new Error(`no socket can be made at ${path}: error ${-handle}`);
  if (isHandle(handle)) return handle;
  throw new Error(`Node ${process.version} cannot hold a socket for another process; use Node 24`);
}

function isHandle(value: unknown): value is Handle {
  return (
    typeof value === "object" && value !== null && "close" in value && "fd" in value && typeof value.fd === "number"
  );
}

/** listen(2) counts for all processes that have the socket, so another one can call it, and end before anybody dials. */
async function listen(fd: number): Promise<void> {
  const script = "require('node:net').createServer().listen({ fd: 3 }, () => process.exit(0))";
  await using child = await startChild([process.execPath, "--eval", script], { descriptors: [fd] });
  const { code, signal } = await child.ended;
  if (code !== 0) throw new Error(`the socket cannot listen (${code ?? signal}): ${child.output().slice(-1000)}`);
}
