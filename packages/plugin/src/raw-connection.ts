// Answers requests that look exactly as Docker Engine writes them, without an HTTP parser; node:http gets all others.
import type { Socket } from "node:net";
import type { Answer } from "./answer.ts";
import { BodyBuffer } from "./body-buffer.ts";
import type { HttpFront } from "./http-front.ts";
import { rawAnswer, readEngineRequest } from "./raw-message.ts";
import { Refusal } from "./refusal.ts";
import { RunningCall } from "./running-call.ts";

/** How long the rest of a body may take; longer is not how an engine sends, and node:http has the limits for it. */
const bodyMs = 1000;

/** How long an idle connection is left open when the plugin stops; whoever is at work uses it again by then. */
const lingerMs = 1000;

/**
 * A connection for as long as its requests come one by one and in the engine's own words. Whatever is out of the
 * ordinary (another header, a slow body, a second request during a call, an answer that is not taken, a stream) is not
 * solved here: node:http takes the connection, and keeps it.
 */
export class RawConnection {
  readonly #socket: Socket;
  readonly #http: HttpFront;
  /** The start of a request, as far as it has come. */
  #partial: BodyBuffer | undefined;
  /** How many bytes that request has when it is whole. */
  #wanted = 0;
  #handedOver = false;
  #bodyTimer: NodeJS.Timeout | undefined;
  /** The call that runs, with the request that began it. */
  #running: { readonly call: RunningCall; readonly request: Buffer } | undefined;

  constructor(socket: Socket, http: HttpFront) {
    this.#socket = socket;
    this.#http = http;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
  }

  /**
   * Leaves the connection to node:http, which closes it with its next answer; nothing where that has it already. An idle
   * one is closed, but not at once: a request may be under way to it, and the engine would repeat that without its body.
   */
  retire(): void {
    if (this.#handedOver) return;
    if (this.#running !== undefined) return this.#handOver(this.#running.request);
    if (this.#partial !== undefined) return this.#handOver(this.#partial.bytes());
    const before = this.#socket.bytesRead;
    this.#handOver(Buffer.alloc(0));
    const end = (): void => void (this.#socket.bytesRead === before && this.#socket.destroySoon());
    setTimeout(end, lingerMs).unref();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#running !== undefined) return this.#handOver(Buffer.concat([this.#running.request, chunk]));
    if (this.#partial === undefined) return this.#answerAll(chunk);
    this.#partial.append(chunk);
    if (this.#partial.length < this.#wanted) return;
    const bytes = this.#partial.bytes();
    this.#partial = undefined;
    clearTimeout(this.#bodyTimer);
    this.#answerAll(bytes);
  };

  #answerAll(bytes: Buffer): void {
    for (let start = 0; start < bytes.length;) {
      const request = readEngineRequest(bytes, start);
      if (
        request === undefined ||
        request.bodyLength > this.#http.limits.maxBodyBytes ||
        this.#socket.writableNeedDrain
      ) {
        return this.#handOver(bytes.subarray(start));
      }
      const end = request.bodyStart + request.bodyLength;
      if (end > bytes.length) return this.#awaitBody(bytes.subarray(start), end - start);
      const answer = this.#http.dispatcher.dispatch(request.path, bytes.subarray(request.bodyStart, end));
      if (answer instanceof RunningCall) {
        this.#answerLater(answer, bytes.subarray(start, end));
        if (end < bytes.length) this.#handOver(bytes.subarray(start));
        return;
      }
      this.#socket.write(...rawAnswer(answer, "keep-alive"));
      start = end;
    }
  }

  #awaitBody(partial: Buffer, wanted: number): void {
    this.#partial = new BodyBuffer();
    this.#partial.append(partial);
    this.#wanted = wanted;
    this.#bodyTimer = setTimeout(() => this.retire(), bodyMs);
  }

  #answerLater(call: RunningCall, request: Buffer): void {
    this.#running = { call, request };
    void call.answered?.then((answer) => this.#answer(call, answer));
  }

  #answer(call: RunningCall, answer: Answer): void {
    if (this.#running?.call !== call) return;
    if ("stream" in answer) return this.#handOver(this.#running.request);
    this.#running = undefined;
    this.#socket.write(...rawAnswer(answer, "keep-alive"));
  }

  #handOver(bytes: Buffer): void {
    const call = this.#running?.call;
    this.#handedOver = true;
    this.#running = undefined;
    this.#partial = undefined;
    clearTimeout(this.#bodyTimer);
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("close", this.#onClose);
    // Not flowing, or what is put back could be given away before somebody listens again.
    this.#socket.pause();
    this.#socket.unshift(bytes);
    this.#http.accept(this.#socket, call);
    this.#socket.resume();
  }

  readonly #onEnd = (): void => {
    const cutOff = this.#partial !== undefined;
    this.#onClose();
    if (cutOff) this.#http.refuseCutOff(this.#socket);
    else this.#socket.end();
  };

  readonly #onClose = (): void => {
    clearTimeout(this.#bodyTimer);
    this.#partial = undefined;
    this.#running?.call.cancel(new Refusal("the caller hung up", { status: 500 }));
    this.#running = undefined;
  };
}
