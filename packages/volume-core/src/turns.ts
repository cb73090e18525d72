import type { Call } from "@outrigger/plugin";
import { DriverError } from "@outrigger/protocol";

const nothing = Promise.resolve();

/** Lets work on one volume happen one piece after another; work on another volume has turns of its own. */
export class Turns {
  #last: Promise<unknown> = nothing;
  #waiting = 0;
  #doing: { readonly what: string; readonly since: number } | undefined;
  readonly #onIdle: () => void;

  /** `onIdle` is called whenever nothing runs and nothing waits any more. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** Resolves when everything that was asked for so far is done. */
  get settled(): Promise<unknown> {
    return this.#last;
  }

  /** Whether nothing runs and nothing waits. */
  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** What runs now, as in "still being removed after 3 s". */
  get doing(): string {
    if (this.#doing === undefined) return "still waiting";
    return `still being ${this.#doing.what} after ${Math.round((performance.now() - this.#doing.since) / 1000)} s`;
  }

  /** Runs `work` after all that was asked for before; `what` says what it does to the volume, such as "mounted". */
  take<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const turn = this.#last.then(async () => {
      this.#doing = { what, since: performance.now() };
      try {
        return await work();
      } finally {
        this.#doing = undefined;
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#onIdle();
      }
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}

// The rest is for our answer's way back; the plugin's own limit then never speaks in our place.
const share = 0.98;
const longestTimer = 2 ** 31 - 1;

/** Whoever waits for the answer to one call, until the answer or the call's deadline. */
export class Caller {
  /** Nobody takes the answer any more: what is done now has to stand without an Unmount to follow. */
  gone = false;
  readonly #call: Pick<Call, "signal" | "deadline">;

  constructor(call: Pick<Call, "signal" | "deadline">) {
    this.#call = call;
  }

  /** Somebody who waits as long as it takes. */
  static patient(): Caller {
    return new Caller({ signal: new AbortController().signal, deadline: Infinity });
  }

  /** Keeps work from starting late that nobody expects any more. */
  throwIfGone(): void {
    if (this.gone) throw new DriverError("the caller has gone");
  }

  /** Waits for work that goes on regardless; throws `DriverError` with the text of `late` when the time is up. */
  async wait<T>(work: Promise<T>, late: () => string): Promise<T> {
    const { signal, deadline } = this.#call;
    const { promise: gaveUp, reject } = Promise.withResolvers<never>();
    const leave = (): void => {
      this.gone = true;
      reject(new DriverError(late(), { cause: signal.reason }));
    };
    const left = Math.max(0, (deadline - Date.now()) * share);
    const timer = setTimeout(leave, Math.min(left, longestTimer));
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([work, gaveUp]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
    }
  }
}
