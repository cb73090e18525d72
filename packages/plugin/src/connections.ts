import type { Socket } from "node:net";
import type { HttpFront } from "./http-front.ts";
import { RawConnection } from "./raw-connection.ts";

/** All connections of a serving plugin, whichever listener they came from. */
export class Connections {
  readonly #http: HttpFront;
  readonly #open = new Map<Socket, RawConnection>();
  #empty: PromiseWithResolvers<void> | undefined;

  constructor(http: HttpFront) {
    this.#http = http;
  }

  /** Takes a new connection; what comes on it decides who answers. */
  accept(socket: Socket): void {
    if (this.#empty !== undefined) return void socket.destroy();
    // A caller that breaks off is no event; its calls learn of it from the answer that cannot be sent.
    socket.on("error", () => {});
    socket.once("close", () => this.#forget(socket));
    this.#open.set(socket, new RawConnection(socket, this.#http));
  }

  /** Closes what is idle; the others close after their answer. Resolves when none is left. */
  async drain(): Promise<void> {
    this.#empty ??= Promise.withResolvers();
    this.#http.drain();
    for (const connection of this.#open.values()) connection.retire();
    if (this.#open.size > 0) await this.#empty.promise;
  }

  /** Breaks off whatever is left. */
  destroy(): void {
    for (const socket of this.#open.keys()) socket.destroy();
    this.#http.close();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    if (this.#open.size === 0) this.#empty?.resolve();
  }
}
