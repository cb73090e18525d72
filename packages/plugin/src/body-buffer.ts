/** Collects a body of unknown length. One chunk is not copied, and a million tiny ones cost no more than their bytes. */
export class BodyBuffer {
  length = 0;
  #bytes: Buffer = Buffer.alloc(0);
  /** Whether `#bytes` is ours to write to, rather than the first chunk. */
  #owned = false;

  append(chunk: Buffer): void {
    const end = this.length + chunk.length;
    if (this.length === 0) {
      this.#bytes = chunk;
      this.#owned = false;
    } else {
      if (!this.#owned || end > this.#bytes.length) this.#grow(end);
      chunk.copy(this.#bytes, this.length);
    }
    this.length = end;
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed * 2, 64 * 1024));
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
    this.#owned = true;
  }
}
