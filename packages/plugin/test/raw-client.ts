// A client that sends exactly the bytes it is told to, and reads answers without a library's opinion of them.
import { once } from "node:events";
import { createConnection, type NetConnectOpts, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** One answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A connection to a plugin's socket. */
export class RawClient implements AsyncDisposable {
  readonly socket: Duplex;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => this.#end());
    socket.on("end", () => this.#end());
  }

  /** Dials a `unix://` or `tcp://` address. */
  static async connect(address: string): Promise<RawClient> {
    const url = new URL(address);
    const options: NetConnectOpts =
      url.protocol === "unix:"
        ? { path: decodeURIComponent(url.pathname), allowHalfOpen: true }
        : { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port), allowHalfOpen: true };
    const socket: Socket = createConnection(options);
    await once(socket, "connect");
    return new RawClient(socket);
  }

  send(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** A call as Docker Engine sends it. */
  call(path: string, message?: unknown): this {
    return this.send(engineRequest(path, message === undefined ? "" : `${JSON.stringify(message)}\n`));
  }

  /** The next answer; fails when the connection closes before it is whole. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const parsed = parseAnswer(this.#received, this.#ended);
      if (parsed !== undefined) {
        this.#received = this.#received.subarray(parsed.length);
        return parsed.answer;
      }
      if (this.#ended)
        throw new Error(`closed after ${JSON.stringify(this.#received.toString("latin1").slice(0, 200))}`);
      await this.#more();
    }
  }

  /** Everything that has come, once it satisfies `enough` or the connection ended. */
  async text(enough: (text: string) => boolean = () => false): Promise<string> {
    while (!this.#ended && !enough(this.#received.toString("latin1"))) await this.#more();
    return this.#received.toString("latin1");
  }

  /** Resolves when the other side has ended the connection. */
  async ended(): Promise<void> {
    while (!this.#ended) await this.#more();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    const closed = once(this.socket, "close");
    this.socket.destroy();
    await closed;
  }

  #more(): Promise<void> {
    const received = this.#received.toString("latin1", 0, 200);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`10 s of silence after ${JSON.stringify(received)}`)), 10_000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}

/** The bytes that Docker Engine sends on a unix socket. */
export function engineRequest(path: string, body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  const head = [
    `POST /${path} HTTP/1.1`,
    "Host: plugin.moby.localhost",
    "User-Agent: Go-http-client/1.1",
    `Content-Length: ${bytes.length}`,
    "Accept: application/vnd.docker.plugins.v1.2+json",
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), bytes]);
}

function parseAnswer(bytes: Buffer, ended: boolean): { answer: RawAnswer; length: number } | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  if (status === 100) {
    const rest = parseAnswer(bytes.subarray(headEnd + 4), ended);
    return rest && { answer: rest.answer, length: headEnd + 4 + rest.length };
  }
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const start = headEnd + 4;
  if (headers.get("transfer-encoding") === "chunked") {
    const chunked = parseChunks(bytes.subarray(start));
    return chunked && { answer: { status, headers, body: chunked.body }, length: start + chunked.length };
  }
  const length = headers.get("content-length");
  if (length === undefined && !ended) return undefined;
  const end = length === undefined ? bytes.length : start + Number(length);
  if (bytes.length < end) return undefined;
  return { answer: { status, headers, body: bytes.toString("utf8", start, end) }, length: end };
}

function parseChunks(bytes: Buffer): { body: string; length: number } | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return { body: Buffer.concat(pieces).toString("utf8"), length: next };
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
