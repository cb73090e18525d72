/** The beginning of a body, and how long all of it was. */
export interface SeenBody {
  readonly copy: Buffer;
  readonly bytes: number;
}

/** More pieces than this are joined: a body that drips in would take a hundred times its size. */
const maxPieces = 64;

/** Keeps the beginning of a body, up to a limit. */
export class BodyCopy implements SeenBody {
  bytes = 0;
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #kept = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(piece: Buffer): void {
    this.bytes += piece.length;
    const room = this.#limit - this.#kept;
    if (room <= 0 || piece.length === 0) return;
    const part = piece.length > room ? piece.subarray(0, room) : piece;
    this.#pieces.push(part);
    this.#kept += part.length;
    if (this.#pieces.length > maxPieces) this.#pieces = [Buffer.concat(this.#pieces)];
  }

  get copy(): Buffer {
    const [only] = this.#pieces;
    return this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
  }
}
