import type { Backend } from "./backend.ts";

/** Brings each backend up once, when its first volume is to be worked on; a failure is tried again by the next. */
export class BackendDoor {
  readonly #closing: AbortSignal;
  readonly #opening = new Map<Backend, Promise<void>>();

  constructor(closing: AbortSignal) {
    this.#closing = closing;
  }

  /** Resolves when the backend is up. */
  open(backend: Backend): Promise<void> {
    const known = this.#opening.get(backend);
    if (known !== undefined) return known;
    const opening = Promise.resolve(backend.open?.(this.#closing)).catch((error: unknown) => {
      this.#opening.delete(backend);
      throw error;
    });
    this.#opening.set(backend, opening);
    return opening;
  }
}
