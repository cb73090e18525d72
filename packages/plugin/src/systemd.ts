import { createServer, type Server, type Socket } from "node:net";
import { connectionOptions, listenOn } from "./listen-on.ts";
import { ServeError } from "./serve-error.ts";
import { insecure, isLoopback } from "./tcp.ts";

/** The sockets that systemd opened for the plugin (sd_listen_fds(3)); their files and modes are systemd's affair. */
export interface SystemdAddress {
  readonly systemd: true;
  /** Serve other machines although nothing proves who they are. */
  readonly allowRemote?: boolean | undefined;
}

/** The first file descriptor that systemd passes. */
const firstFd = 3;

/** Listens on every passed socket; throws `ServeError` where none was passed to this process. */
export async function listenSystemd(
  address: SystemdAddress,
  accept: (socket: Socket) => void,
): Promise<{ server: Server; url: string }[]> {
  const listening: { server: Server; url: string }[] = [];
  const count = takeCount();
  try {
    for (let fd = firstFd; fd < firstFd + count; fd++) {
      const server = createServer(connectionOptions, accept);
      await listenOn(server, { fd });
      listening.push({ server, url: `fd://${fd}` });
      const bound = server.address();
      if (typeof bound !== "object" || bound === null) continue;
      if (!address.allowRemote && !isLoopback(bound.address)) throw insecure(`${bound.address}:${bound.port}`);
    }
  } catch (error) {
    for (const { server } of listening) server.close();
    throw error;
  }
  return listening;
}

/** How many sockets were passed. Asked once: the variables are removed, so that no child takes them for its own. */
function takeCount(): number {
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  const count = Number(LISTEN_FDS);
  if (LISTEN_PID !== String(process.pid) || !Number.isInteger(count) || count < 1) {
    throw new ServeError(
      "unavailable",
      `systemd passed no socket to process ${process.pid} (LISTEN_PID=${LISTEN_PID ?? ""} LISTEN_FDS=${LISTEN_FDS ?? ""}); start the plugin from its .socket unit, without a shell in between`,
    );
  }
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete process.env[name];
  return count;
}
