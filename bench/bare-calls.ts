// Calls to a plugin in the engine's own bytes, as cheap as Node can make them.
import { createConnection, type Socket } from "node:net";

/** What was answered, and how long that took. */
interface Answered {
  readonly microseconds: number;
  readonly body: Buffer;
}

/** Microseconds of each call, one after another on one connection; any answer but 200 is an error. */
export async function times(path: string, requests: readonly string[], calls: number): Promise<number[]> {
  const socket = createConnection(path);
  const seen: number[] = [];
  try {
    for (let call = 0; call < calls; call++) {
      seen.push((await callOnce(socket, requests[call % requests.length] ?? "")).microseconds);
    }
  } finally {
    socket.destroy();
  }
  return seen;
}

/** One call on a connection of its own. Throws where nobody listens. */
export async function callAlone(path: string, request: string): Promise<Answered> {
  const socket = createConnection(path);
  try {
    return await callOnce(socket, request);
  } finally {
    socket.destroy();
  }
}

/** The bytes that Docker Engine sends on a unix socket. */
export function request(path: string, message: object): string {
  const body = `${JSON.stringify(message)}\n`;
  const head = [
    `POST /${path} HTTP/1.1`,
    "Host: plugin.moby.localhost",
    "User-Agent: Go-http-client/1.1",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Accept: application/vnd.docker.plugins.v1.2+json",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

function callOnce(socket: Socket, bytes: string): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const started = process.hrtime.bigint();
  const chunks: Buffer[] = [];
  let got = 0;
  let whole: number | undefined;
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    got += chunk.length;
    whole ??= lengthOf(Buffer.concat(chunks));
    // Without a length, the last chunk of an answer in chunks ends it.
    const ended = whole === undefined ? chunk.subarray(-5).equals(lastChunk) : got >= whole;
    if (!ended) return;
    const microseconds = Number(process.hrtime.bigint() - started) / 1000;
    leave();
    const answer = Buffer.concat(chunks);
    const head = answer.toString("latin1", 0, 400);
    if (head.startsWith("HTTP/1.1 200"))
      resolve({ microseconds, body: answer.subarray(answer.indexOf("\r\n\r\n") + 4) });
    else reject(new Error(`the plugin answered ${head}`));
  };
  const onEnd = (error?: unknown): void => {
    leave();
    reject(error instanceof Error ? error : new Error("the plugin closed the connection before it answered"));
  };
  const leave = (): void => {
    socket.off("data", onData).off("error", onEnd).off("close", onEnd);
  };
  socket.on("data", onData).on("error", onEnd).on("close", onEnd);
  socket.write(bytes);
  return promise;
}

const lastChunk = Buffer.from("0\r\n\r\n");

/** How long the whole answer is; undefined where its head does not say. */
function lengthOf(answer: Buffer): number | undefined {
  const end = answer.indexOf("\r\n\r\n");
  const length = /content-length: (\d+)/i.exec(answer.toString("latin1", 0, Math.max(end, 0)))?.[1];
  return length === undefined ? undefined : end + 4 + Number(length);
}
