import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { mediaType, type Answer, type StreamAnswer } from "./answer.ts";
import { sendStream } from "./byte-stream.ts";
import { BodyBuffer } from "./body-buffer.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { rawAnswer } from "./raw-message.ts";
import { Refusal } from "./refusal.ts";
import { RunningCall } from "./running-call.ts";

/** Limits on what a caller may send. */
export interface HttpLimits {
  readonly maxBodyBytes: number;
  /** How long a request may take to arrive, from its first byte to its last. */
  readonly receiveMs: number;
}

/** Answers connections with node:http; takes whatever a client may legally send. */
export class HttpFront {
  readonly dispatcher: Dispatcher;
  readonly limits: HttpLimits;
  #server: Server | undefined;
  /** How many calls of a connection have no answer yet. */
  readonly #answering = new Map<Duplex, number>();
  /** Calls that began before their connection came here; each is the connection's first. */
  readonly #adopted = new WeakMap<Duplex, RunningCall>();
  /** Connections that close with an answer given or under way. What comes behind it cannot be answered. */
  readonly #closing = new WeakSet<Duplex>();
  /** The last answer of a connection, which may wait for room behind others. */
  readonly #last = new WeakMap<Duplex, ServerResponse>();
  #draining = false;

  constructor(dispatcher: Dispatcher, limits: HttpLimits) {
    this.dispatcher = dispatcher;
    this.limits = limits;
  }

  /** Serves a connection from its next byte on. Where its first request is already a running call, that is answered. */
  accept(socket: Duplex, call?: RunningCall): void {
    if (call !== undefined) this.#adopted.set(socket, call);
    this.#server ??= this.#start();
    this.#server.emit("connection", socket);
  }

  /** Closes idle connections now, the others after their answer. */
  drain(): void {
    this.#draining = true;
    this.#server?.closeIdleConnections();
  }

  /** Answers on a connection whose caller ended it within a request. */
  refuseCutOff(socket: Duplex): void {
    this.#refuseConnection(new Error("the request ended early"), socket);
  }

  /** Ends the supervision of connections; call it when none is left. */
  close(): void {
    // It never listened, which is all that the callback could complain about.
    this.#server?.close(() => {});
  }

  /** Loads node:http only now: the engine's own requests can do without its 30 ms and 14 MB. */
  #start(): Server {
    const { receiveMs } = this.limits;
    const server = process.getBuiltinModule("node:http").createServer({
      // The engine sends an empty Host before 20.10.26, and none of it matters here.
      requireHostHeader: false,
      // A connection that we close just as the engine uses it again makes it repeat the call with an empty body.
      keepAliveTimeout: 0,
      headersTimeout: receiveMs,
      requestTimeout: receiveMs,
      connectionsCheckingInterval: Math.min(receiveMs, 5000),
    });
    server.on("request", (request, response) => this.#receive(request, response));
    // Without it, an unknown expectation is answered with an empty 417.
    server.on("checkExpectation", (request, response) => this.#receive(request, response));
    // Later, for a whole request in front of what could not be parsed is only now being answered.
    server.on("clientError", (error, socket) => setImmediate(() => this.#refuseConnection(error, socket)));
    // The time limits above start to work when the server listens; this one is handed its connections instead.
    server.emit("listening");
    return server;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    // Nor may it be carried out: the caller takes it for not done, and says it again.
    if (this.#closing.has(request.socket)) return;
    const path = (request.url ?? "").slice(1);
    if (request.method !== "POST") {
      response.setHeader("Allow", "POST");
      return this.#refuse(path, response, new Refusal(`${request.method} is not supported; use POST`, { status: 405 }));
    }
    if (request.headers.origin !== undefined) {
      // A web page can make its reader's browser post here; an engine names no origin.
      const text = "a web page cannot call a plugin; leave the Origin header out";
      return this.#refuse(path, response, new Refusal(text, { status: 403 }));
    }
    const { maxBodyBytes } = this.limits;
    if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) {
      return this.#refuse(path, response, tooLarge(maxBodyBytes));
    }
    const body = new BodyBuffer();
    request.on("data", (chunk: Buffer) => {
      if (response.headersSent) return;
      if (body.length + chunk.length > maxBodyBytes) this.#refuse(path, response, tooLarge(maxBodyBytes));
      else body.append(chunk);
    });
    request.on("end", () => {
      if (response.headersSent) return;
      const answer = this.#adoptedFrom(request.socket) ?? this.dispatcher.dispatch(path, body.bytes());
      if (answer instanceof RunningCall) this.#sendLater(request.socket, response, answer);
      else this.#send(response, answer);
    });
  }

  #adoptedFrom(socket: Duplex): RunningCall | undefined {
    const call = this.#adopted.get(socket);
    this.#adopted.delete(socket);
    return call;
  }

  #sendLater(socket: Duplex, response: ServerResponse, call: RunningCall): void {
    this.#answering.set(socket, (this.#answering.get(socket) ?? 0) + 1);
    response.on("close", () => {
      const others = (this.#answering.get(socket) ?? 1) - 1;
      if (others > 0) this.#answering.set(socket, others);
      else this.#answering.delete(socket);
      if (!response.writableFinished) call.cancel(new Refusal("the caller hung up", { status: 500 }));
    });
    void call.answered?.then((answer) => this.#send(response, answer));
  }

  #send(response: ServerResponse, answer: Answer): void {
    if ("stream" in answer) return this.#sendStream(response, answer);
    if (response.destroyed) return;
    this.#last.set(response.req.socket, response);
    response.writeHead(answer.status, {
      "Content-Type": mediaType,
      "Content-Length": Buffer.byteLength(answer.body),
      ...(this.#draining && { Connection: "close" }),
    });
    response.end(answer.body);
  }

  #sendStream(response: ServerResponse, answer: StreamAnswer): void {
    if (!response.destroyed) {
      response.writeHead(200, { "Content-Type": mediaType });
      response.flushHeaders();
    }
    void sendStream(answer.stream, {
      write: (bytes) =>
        response.write(bytes) ? Promise.resolve() : new Promise((resolve) => response.once("drain", resolve)),
      end: () => response.end(),
      // Without the last chunk; what was sent before still gets out.
      cut: () => response.socket?.destroySoon(),
    });
  }

  /** Answers without having read the body, so the connection cannot be used again. */
  #refuse(path: string, response: ServerResponse, error: Refusal): void {
    response.setHeader("Connection", "close");
    this.#closing.add(response.req.socket);
    this.#send(response, this.dispatcher.refuse(path, error));
  }

  #refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
    // Sent behind a request that closes the connection, which it does with its answer.
    if (error.code === "HPE_CLOSED_CONNECTION") return;
    // In front of an answer that is under way, this one would be taken for it.
    if (this.#answering.has(socket)) return void socket.destroy(error);
    // It closes with what was said last.
    if (!socket.writable) return;
    const last = this.#last.get(socket);
    if (last !== undefined && !last.closed) last.once("close", () => this.#refuseConnection(error, socket));
    else {
      // What still comes is read by nobody, so the caller's end would not be seen.
      socket.once("finish", () => socket.destroy());
      socket.end(...rawAnswer(this.dispatcher.refuse("", refusalFor(error)), "close"));
    }
  }
}

function tooLarge(maxBodyBytes: number): Refusal {
  return new Refusal(`the body is larger than the ${maxBodyBytes} bytes this plugin takes`, { status: 413 });
}

/** Why node:http gave up on what a client sent. */
function refusalFor(error: NodeJS.ErrnoException): Refusal {
  const [status, text] = parserErrors[error.code ?? ""] ?? [400, "this is not an HTTP/1.1 request"];
  return new Refusal(text, { status, cause: error });
}

const parserErrors: Record<string, [status: number, text: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request took too long to arrive"],
  HPE_HEADER_OVERFLOW: [431, "the request's headers are too large"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "the request's chunk extensions are too large"],
};
