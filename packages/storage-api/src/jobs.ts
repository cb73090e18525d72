import { randomUUID } from "node:crypto";
import { ProblemError, problemOf } from "./problem.ts";

/** How far some work is; parts are left out where nobody can tell. */
export interface Progress {
  readonly doneBytes?: number;
  readonly totalBytes?: number;
}

/** Long work as a client sees it. */
export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly volume?: string | undefined;
  readonly state: "running" | "done" | "failed";
  /** `unknown` where what does the work does not say. */
  readonly progress: Progress | "unknown";
  /** What came of it. */
  readonly result?: unknown;
  /** Why it failed, and the way out. */
  readonly error?: string | undefined;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
}

/** What is to be done, and for which volume. */
export interface Work {
  readonly kind: string;
  readonly volume?: string;
  readonly run: (report: (progress: Progress) => void) => Promise<unknown>;
}

const mostRunning = 16;
const mostEnded = 200;

/** Work that goes on when its client leaves; in memory, so it is gone when the plugin ends. */
export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #running = new Map<string, Promise<unknown>>();

  /** Starts work, and says what is known of it at once. Refused where too much is running. */
  start({ kind, volume, run }: Work): Job {
    if (this.#running.size >= mostRunning) {
      throw new ProblemError(429, `${mostRunning} operations are running, and no more are taken; wait for one to end`);
    }
    const id = randomUUID();
    const job: Job = { id, kind, volume, state: "running", progress: "unknown", startedAt: now() };
    this.#jobs.set(id, job);
    const ended = run((progress) => this.#change(id, { progress }))
      .then(
        (result) => this.#change(id, { state: "done", result, endedAt: now() }),
        (error: unknown) => this.#change(id, { state: "failed", error: problemOf(error).detail, endedAt: now() }),
      )
      .finally(() => {
        this.#running.delete(id);
        this.#forgetOldest();
      });
    this.#running.set(id, ended);
    return job;
  }

  /** Does work that its client waits for. */
  async wait<T>(
    work: Omit<Work, "run"> & { readonly run: (report: (progress: Progress) => void) => Promise<T> },
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const run = async (report: (progress: Progress) => void): Promise<T> => {
      const running = work.run(report);
      running.then(resolve, reject);
      return await running;
    };
    this.start({ ...work, run });
    return await promise;
  }

  /** All that is known, oldest first. */
  list(): Job[] {
    return [...this.#jobs.values()];
  }

  /** One by its id. */
  find(id: string): Job {
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    throw new ProblemError(
      404,
      `no such operation: ${id}; the last ${mostEnded} are remembered, since the plugin started`,
    );
  }

  /** What is known now, and again after each change, until the work has ended. */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<Job> {
    let wake = Promise.withResolvers<void>();
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers);
    const onChange = (): void => wake.resolve();
    watchers.add(onChange);
    signal.addEventListener("abort", onChange);
    try {
      for (let job = this.find(id); !signal.aborted; job = this.find(id)) {
        wake = Promise.withResolvers();
        yield job;
        if (job.state !== "running") return;
        if (this.#jobs.get(id) === job) await wake.promise;
      }
    } finally {
      signal.removeEventListener("abort", onChange);
      watchers.delete(onChange);
      if (watchers.size === 0) this.#watchers.delete(id);
    }
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  #change(id: string, change: Partial<Job>): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    this.#jobs.set(id, { ...job, ...change });
    for (const wake of this.#watchers.get(id) ?? []) wake();
  }

  #forgetOldest(): void {
    const ended = [...this.#jobs.values()].filter(({ state }) => state !== "running");
    for (const { id } of ended.slice(0, -mostEnded)) this.#jobs.delete(id);
  }
}

function now(): string {
  return new Date().toISOString();
}
