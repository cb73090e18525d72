import { createServer, type Socket } from "node:net";
import { releaseOnExit } from "./on-exit.ts";
import { listenUnix, type UnixAddress } from "./unix-socket.ts";
import { resolve } from "node:path";

/** Where a plugin can be reached. */
export type Listen = UnixAddress;

/** An open way to a plugin. */
export interface Listener {
  /** What the engine dials: `unix:///run/docker/plugins/x.sock`, `tcp://127.0.0.1:4000`, `https://db1:4000`. */
  readonly addresses: readonly string[];
  /** Removes what makes the engine come here. Connections are still accepted. */
  readonly withdraw: () => void;
  /** Stops accepting. */
  readonly close: () => void;
}

/** Opens a way to a plugin; `accept` gets every connection. */
export async function openListener(listen: Listen, accept: (socket: Socket) => void): Promise<Listener> {
  const server = createServer({ noDelay: true }, accept);
  const withdraw = releaseOnExit(await listenUnix(server, listen));
  return { addresses: [`unix://${resolve(listen.unix)}`], withdraw, close: () => server.close() };
}
