import type { Socket } from "node:net";
import type { HttpFront } from "./http-front.ts";

/** All connections of a serving plugin, whichever listener they came from. */
export class Connections {
  readonly #http: HttpFront;
  readonly #open = new Set<Socket>();
  /** Those that sent nothing yet: the engine dials ahead, and may use such a connection minutes later. */
  readonly #silent = new Set<Socket>();
  #empty: PromiseWithResolvers<void> | undefined;

  constructor(http: HttpFront) {
    this.#http = http;
  }

  /** Takes a new connection; its first bytes decide who answers it. */
  accept(socket: Socket): void {
    if (this.#empty !== undefined) return void socket.destroy();
    this.#open.add(socket);
    this.#silent.add(socket);
    // A caller that breaks off is no event; its calls learn of it from the answer that cannot be sent.
    socket.on("error", () => {});
    socket.once("close", () => this.#forget(socket));
    socket.once("end", () => {
      if (this.#silent.has(socket)) socket.destroy();
    });
    socket.once("data", (bytes: Buffer) => {
      this.#silent.delete(socket);
      socket.unshift(bytes);
      this.#http.accept(socket);
    });
  }

  /** Closes what is idle; the others close after their answer. Resolves when none is left. */
  async drain(): Promise<void> {
    for (const socket of this.#silent) socket.destroy();
    this.#http.drain();
    this.#empty ??= Promise.withResolvers();
    if (this.#open.size > 0) await this.#empty.promise;
  }

  /** Breaks off whatever is left. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy();
    this.#http.close();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    this.#silent.delete(socket);
    if (this.#open.size === 0) this.#empty?.resolve();
  }
}
