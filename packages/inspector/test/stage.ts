// What the tests share: a folder, plugins that answer whatever they are told to, and a trace of them.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { CallRecord } from "../src/call-record.ts";
import { Redactor } from "../src/redactor.ts";
import type { TraceEvent } from "../src/trace-event.ts";
import { traceSocket, type TraceOptions, type Tracing } from "../src/trace-socket.ts";

/** A folder of one test's own, with the path of the plugin's socket in it. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
}

/** Makes the folder. */
export async function stage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "inspector-test-"));
  return {
    folder,
    path: join(folder, "example.sock"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A plugin that is nothing but a socket. */
export interface RawPlugin extends AsyncDisposable {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
  /** Everything that came on all connections, as it came. */
  received(): Buffer;
}

/** Listens at a path, and leaves each connection to `play`; keeps what came, unless told not to. */
export async function rawPlugin(
  path: string,
  play: (socket: Socket) => void = () => {},
  { keep = true }: { keep?: boolean } = {},
): Promise<RawPlugin> {
  const sockets = new Set<Socket>();
  const received: Buffer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => keep && received.push(chunk));
    play(socket);
    // What was sent last goes out; a caller that has gone is let go.
    socket.on("end", () => socket.end());
  });
  server.listen(path);
  await once(server, "listening");
  return {
    server,
    sockets,
    received: () => Buffer.concat(received),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers every piece that comes with the same text. */
export function answering(text: string): (socket: Socket) => void {
  return (socket) => void socket.on("data", () => socket.write(text));
}

/** An answer in HTTP. */
export function reply(body: string, status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** A request as the engine writes it. */
export function request(method: string, body = ""): string {
  return `POST /${method} HTTP/1.1\r\nHost: \r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: ${Buffer.byteLength(body)}\r\nAccept: application/vnd.docker.plugins.v1.2+json\r\n\r\n${body}`;
}

/** A trace of the plugin at a path, with what it told. */
export interface Watched extends AsyncDisposable {
  readonly tracing: Tracing;
  readonly records: CallRecord[];
  readonly events: TraceEvent[];
  /** Waits until so many calls were told. */
  told(calls: number): Promise<readonly CallRecord[]>;
}

/** Begins to trace. */
export async function watch(path: string, options: Partial<TraceOptions> = {}): Promise<Watched> {
  const records: CallRecord[] = [];
  const events: TraceEvent[] = [];
  const tracing = await traceSocket(path, {
    plugin: "example",
    publish: (record) => records.push(record),
    say: (event) => events.push(event),
    redactor: new Redactor(),
    ...options,
  });
  return {
    tracing,
    records,
    events,
    told: async (calls) => {
      await until(`${calls} calls are told`, () => records.length >= calls);
      return records;
    },
    [Symbol.asyncDispose]: () => tracing[Symbol.asyncDispose](),
  };
}

/** Connects as an engine would. */
export async function dial(path: string): Promise<Socket> {
  const socket = createConnection({ path, allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Sends bytes and returns what comes back until so many bytes came or the other side ends. */
export async function exchange(path: string, bytes: string | Buffer, wanted = Infinity): Promise<Buffer> {
  const socket = await dial(path);
  socket.write(bytes);
  try {
    return await read(socket, wanted);
  } finally {
    socket.destroy();
  }
}

/** Reads until so many bytes came or the other side ends. */
export async function read(socket: Socket, wanted = Infinity): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < wanted) {
    const chunk: unknown =
      socket.read() ?? (await Promise.race([once(socket, "readable").then(() => "more"), ended(socket)]));
    if (chunk === "ended") break;
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}

async function ended(socket: Socket): Promise<string> {
  if (!socket.readableEnded && !socket.destroyed) await Promise.race([once(socket, "end"), once(socket, "close")]);
  return "ended";
}

/** Waits for a condition; throws where it does not come within half a minute. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`waited 30 s in vain until ${what}`);
    await wait(5);
  }
}
