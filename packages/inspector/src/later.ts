/** What is looked at when there is time: once nothing new has come for this long, or when so much has gathered. */
const quietMs = 2;
const mostItems = 64;
const mostBytes = 1024 * 1024;

/** Work that is put off, so that it delays none of the calls that follow each other closely. */
export class Later<T> {
  readonly #work: (item: T) => void;
  #items: T[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(work: (item: T) => void) {
    this.#work = work;
  }

  /** Puts one off; `bytes` is the memory it holds. */
  add(item: T, bytes: number): void {
    this.#items.push(item);
    this.#bytes += bytes;
    if (this.#items.length >= mostItems || this.#bytes >= mostBytes) return this.flush();
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.flush(), quietMs);
    else this.#timer.refresh();
  }

  /** Does all of it now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    for (const item of items) this.#work(item);
  }
}
