/** What is done when there is time: once nothing new has come for this long, or when so much has gathered. */
const quietMs = 2;
const mostItems = 128;
const mostBytes = 256 * 1024;

/** Work that is put off, so that it delays none of the calls that follow each other closely. It is done in order. */
export class Later {
  #items: (() => void)[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Puts a piece off; `bytes` is the memory it holds. */
  add(work: () => void, bytes: number): void {
    this.#items.push(work);
    this.#bytes += bytes;
    if (this.#items.length >= mostItems || this.#bytes >= mostBytes) return this.flush();
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.flush(), quietMs);
    else this.#timer.refresh();
  }

  /** Does all of it now. */
  flush(): void {
    if (this.#items.length === 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    for (const work of items) work();
  }
}
