// A server that shows the bytes it got and answers with the bytes it is told, so that no library smooths anything over.
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** One request as it came. */
export interface RawRequest {
  /** `Kind.Method`. */
  readonly path: string;
  /** Request line and headers, without the empty line. */
  readonly head: string;
  readonly body: string;
  /** 1 for the first connection. */
  readonly connection: number;
}

/** Returns the whole answer, or undefined after doing something with the socket, or nothing. */
export type Respond = (request: RawRequest, socket: Socket) => string | Buffer | undefined;

/** A running server. */
export interface RawPlugin extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly RawRequest[];
  /** How many connections were accepted. */
  connections(): number;
}

/** Listens on a unix socket of its own, or where it is told. */
export async function rawPlugin(
  respond: Respond,
  where: { socket?: string; tcp?: true; tls?: TlsOptions } = {},
): Promise<RawPlugin> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    connections += 1;
    const connection = connections;
    let text = "";
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (;;) {
        const taken = takeRequest(text);
        if (taken === undefined) return;
        text = text.slice(taken.size);
        const request = { ...taken, connection };
        requests.push(request);
        const answer = respond(request, socket);
        if (answer !== undefined) socket.write(answer);
      }
    });
  };
  const folder = await mkdtemp(join(tmpdir(), "raw-plugin-"));
  const server = where.tls === undefined ? createTcpServer(accept) : createTlsServer(where.tls, accept);
  const path = where.socket ?? join(folder, `${randomUUID()}.sock`);
  const overTcp = where.tcp === true || where.tls !== undefined;
  await listen(server, overTcp ? undefined : path);
  // A server on TCP has an address with a port.
  const url = overTcp
    ? `${where.tls ? "https" : "tcp"}://127.0.0.1:${(server.address() as AddressInfo).port}`
    : `unix://${path}`;
  return {
    url,
    requests,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await rm(folder, { recursive: true });
    },
  };
}

/** A complete HTTP/1.1 answer. */
export function answer(body: unknown, status = "200 OK"): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

function listen(server: Server, path: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    if (path === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(path, resolve);
  });
}

function takeRequest(text: string): (Omit<RawRequest, "connection"> & { size: number }) | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd);
  const length = Number(/\r\nContent-Length: (\d+)/i.exec(head)?.[1] ?? 0);
  const size = headEnd + 4 + length;
  if (text.length < size) return undefined;
  const path = /^POST \/(\S*)/.exec(head)?.[1] ?? "";
  return { path, head, body: Buffer.from(text.slice(headEnd + 4, size), "latin1").toString("utf8"), size };
}
