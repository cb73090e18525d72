import { createServer, type Server, type Socket } from "node:net";
import { textOf } from "./answer.ts";
import { connectionOptions, listenOn } from "./listen-on.ts";
import { ServeError } from "./serve-error.ts";
import { listenSystemd, type SystemdAddress } from "./systemd.ts";
import { listenTcp, type TcpAddress } from "./tcp.ts";
import { createTlsServer, listenTls, type TlsAddress } from "./tls.ts";
import { placeSocket, type UnixAddress } from "./unix-socket.ts";

/** Where a plugin can be reached. */
export type Listen = UnixAddress | TcpAddress | TlsAddress | SystemdAddress;

/** What a listening server is known by. */
export interface Place {
  /** What the engine dials. */
  readonly url: string;
  /** Removes what leads the engine there. */
  readonly withdraw: () => void;
}

/** An open way to a plugin. */
export interface Listener {
  /** What the engine dials, or `fd://3` for a socket of systemd's. */
  readonly addresses: readonly string[];
  /** Removes what leads the engine here; what it dialled before is still accepted. */
  readonly withdraw: () => void;
  /** Accepts no more. */
  readonly close: () => void;
}

/** Opens a way to a plugin; `accept` gets every connection. Throws `ServeError`. */
export async function openListener(listen: Listen, accept: (socket: Socket) => void): Promise<Listener> {
  try {
    return await open(listen, accept);
  } catch (error) {
    throw error instanceof ServeError ? error : explain(listen, error);
  }
}

async function open(listen: Listen, accept: (socket: Socket) => void): Promise<Listener> {
  if ("systemd" in listen) {
    const listening = await listenSystemd(listen, accept);
    return {
      addresses: listening.map(({ url }) => url),
      withdraw: () => {},
      close: () => listening.forEach(({ server }) => server.close()),
    };
  }
  const server = "tls" in listen ? await createTlsServer(listen, accept) : createServer(connectionOptions, accept);
  try {
    const { url, withdraw } = await bind(server, listen);
    return { addresses: [url], withdraw, close: () => server.close() };
  } catch (error) {
    server.close();
    throw error;
  }
}

function bind(server: Server, listen: UnixAddress | TcpAddress | TlsAddress): Promise<Place> {
  if ("tls" in listen) return listenTls(server, listen);
  if ("tcp" in listen) return listenTcp(server, listen);
  return placeSocket(listen, (path) => listenOn(server, { path }));
}

function explain(listen: Listen, cause: unknown): ServeError {
  const where =
    "tls" in listen ? listen.tls : "tcp" in listen ? listen.tcp : "unix" in listen ? listen.unix : "systemd";
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const remedy = remedies[String(code)];
  return new ServeError(
    code === "EADDRINUSE" ? "address-in-use" : "unavailable",
    `cannot serve at ${where}: ${textOf(cause)}${remedy === undefined ? "" : `; ${remedy}`}`,
    { cause },
  );
}

const remedies: Record<string, string> = {
  EACCES: "run as root, or choose a place that this user may write to",
  EPERM: "run as root, or choose a place that this user may write to",
  EADDRINUSE: "stop what listens there, or choose another port",
  EADDRNOTAVAIL: "choose an address of this machine",
  ENOTFOUND: "choose a host name that resolves",
  EROFS: "choose a folder that can be written to",
};
