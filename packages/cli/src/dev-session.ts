// A plugin that is replaced by its next version at each save, while the engine's socket stays where it is.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { holdSocket, type HeldSocket } from "@outrigger/linux";
import { checkName, placeSocket, ServeError } from "@outrigger/plugin";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { startDevProcess, type DevListener, type DevProcess, type Outcome } from "./dev-process.ts";
import type { DevTalk } from "./dev-talk.ts";
import { findTypeErrors } from "./dev-types.ts";
import { watchFiles, type DevWatch } from "./dev-watch.ts";
import type { PluginConfig } from "./serve-config.ts";

/** What to run, and how. */
export interface DevOptions {
  readonly config: PluginConfig;
  readonly folder: string;
  readonly pluginsDir: string;
  /** Look at the types before a version is started. */
  readonly types: boolean;
  readonly talk: DevTalk;
}

/** How long a version may take until it serves. */
const startMs = 60_000;

/** One slip in the syntax makes many errors. */
const shownErrors = 5;

const firstRestMs = 100;
const longestRestMs = 5000;

/** Runs a plugin, and the next version of it whenever it is saved, until aborted. Throws what no save can mend. */
export async function runDev(options: DevOptions, signal: AbortSignal): Promise<void> {
  await using session = new DevSession(options, signal);
  try {
    await session.run();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

class DevSession implements AsyncDisposable {
  readonly #options: DevOptions;
  readonly #signal: AbortSignal;
  readonly #watch: DevWatch;
  /** Files of the last version that was loaded. */
  #files: readonly string[] = [];
  #socket: HeldSocket | undefined;
  #withdraw = (): void => {};
  #current: DevProcess | undefined;
  /** Versions that have been told to stop, and finish their calls. */
  readonly #leaving = new Set<DevProcess>();

  constructor(options: DevOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#watch = watchFiles((folder, error) =>
      options.talk.failed(
        `${folder} cannot be watched: ${messageOf(error)}`,
        "start outrigger dev again after a save there",
      ),
    );
  }

  async run(): Promise<void> {
    const name = await this.#findName();
    const address = await this.#open(name);
    for (let restMs = firstRestMs; ;) {
      this.#signal.throwIfAborted();
      const outcome = await this.#replace();
      if (outcome.kind === "serving") this.#options.talk.serving(name, { protocols: outcome.protocols, address });
      const ending = isHeldElsewhere(outcome) ? "waits for its state" : await this.#untilChanged();
      if (ending === undefined) {
        restMs = firstRestMs;
        continue;
      }
      this.#current = undefined;
      this.#options.talk.failed(`${name} ${ending}`, `it is started again in ${restMs / 1000} s; calls wait`);
      await sleep(restMs, undefined, { signal: this.#signal });
      restMs = Math.min(restMs * 2, longestRestMs);
    }
  }

  /** Loads the plugin, as often as it takes, for only its module has its name; nothing is served before. */
  async #findName(): Promise<string> {
    for (;;) {
      const { child, outcome } = await this.#tryStart({ look: true });
      await child[Symbol.asyncDispose]();
      this.#signal.throwIfAborted();
      if (outcome.kind === "loaded") return this.#options.config.name ?? outcome.name;
      if (outcome.kind === "serving") throw new Error("a version that was to be looked at was served");
      if (this.#files.length === 0) throw new EnvironmentError(outcome.text);
      this.#tellFailure(outcome);
      this.#options.talk.changed(await this.#watch.changed(this.#signal));
    }
  }

  async #open(name: string): Promise<string> {
    const { pluginsDir, config } = this.#options;
    try {
      checkName(name);
      const { url, withdraw } = await placeSocket(
        { unix: join(pluginsDir, `${name}.sock`), group: config.group },
        async (path) => void (this.#socket = await holdSocket(path)),
      );
      this.#withdraw = withdraw;
      return url;
    } catch (cause) {
      if (cause instanceof TypeError) throw new UsageError(cause.message, { cause });
      throw cause instanceof ServeError ? new EnvironmentError(cause.message, { cause }) : cause;
    }
  }

  /** Puts the version that is on the disk in the place of the one that runs, which goes on where it cannot be had. */
  async #replace(): Promise<Outcome> {
    const errors = this.#options.types ? await this.#typeErrors() : [];
    if (errors.length === 0) return this.#swap();
    const more = errors.length > shownErrors ? [`and ${errors.length - shownErrors} more`] : [];
    return this.#tellFailure({ text: [...errors.slice(0, shownErrors), ...more].join("\n"), inUse: false });
  }

  async #swap(): Promise<Outcome> {
    const before = this.#current;
    const { child, outcome } = await this.#tryStart({ look: false });
    if (outcome.kind === "serving") {
      this.#current = child;
      if (before !== undefined) void this.#retire(before);
      this.#watch.widen(false);
      return outcome;
    }
    await child[Symbol.asyncDispose]();
    if (outcome.kind === "loaded") throw new Error("a version that was to be served was only looked at");
    if (!outcome.inUse || before === undefined) return this.#tellFailure(outcome);
    // Its state is the other one's until that has ended; meanwhile calls wait in the socket.
    this.#current = undefined;
    await this.#retire(before);
    return this.#swap();
  }

  async #typeErrors(): Promise<string[]> {
    try {
      return await findTypeErrors(this.#files, this.#signal);
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#options.talk.failed(messageOf(error), "types were not looked at; it is started all the same");
      return [];
    }
  }

  async #tryStart(how: { look: boolean }): Promise<{ child: DevProcess; outcome: Outcome }> {
    const child = await this.#start(how);
    const late = new AbortController();
    const signal = AbortSignal.any([late.signal, this.#signal]);
    const text = `it did not serve within ${startMs / 1000} s`;
    const outcome = await Promise.race([
      child.outcome,
      sleep(startMs, undefined, { signal }).then(
        (): Outcome => ({ kind: "failed", text, inUse: false }),
        (): Outcome => ({ kind: "failed", text: "it was stopped", inUse: false }),
      ),
    ]);
    late.abort();
    return { child, outcome };
  }

  #start({ look }: { look: boolean }): Promise<DevProcess> {
    const { config, folder, talk } = this.#options;
    const listener: DevListener = {
      onEvent: talk.event,
      onLine: talk.line,
      onFiles: (files) => {
        this.#files = files;
        this.#watch.add(files);
      },
    };
    return startDevProcess({ look, config, folder }, listener, look ? undefined : this.#socket?.fd);
  }

  #tellFailure({ text, inUse }: { text: string; inUse: boolean }): Outcome {
    const next =
      this.#socket === undefined
        ? "nothing is served yet; save the file when it is mended"
        : this.#current === undefined
          ? "calls wait; save the file when it is mended"
          : "the version before serves on";
    this.#watch.widen(true);
    if (!this.#signal.aborted) this.#options.talk.failed(text, next);
    return { kind: "failed", text, inUse };
  }

  /** Resolves when a file has changed, or with how the process ended that served. */
  async #untilChanged(): Promise<string | undefined> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#signal]);
    const changed = this.#watch.changed(signal).then((files) => {
      this.#options.talk.changed(files);
      return undefined;
    });
    try {
      return await Promise.race([changed, this.#current?.ended ?? changed]);
    } finally {
      over.abort();
      changed.catch(() => {});
    }
  }

  async #retire(child: DevProcess): Promise<void> {
    this.#leaving.add(child);
    await child[Symbol.asyncDispose]();
    this.#leaving.delete(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#withdraw();
    const all = [...this.#leaving, ...(this.#current === undefined ? [] : [this.#current])];
    await Promise.all(all.map((child) => child[Symbol.asyncDispose]()));
    this.#socket?.close();
  }
}

/** Another process has the plugin's state, and it is none of ours: one that was left behind by kill -9, and is ending. */
function isHeldElsewhere(outcome: Outcome): boolean {
  return outcome.kind === "failed" && outcome.inUse;
}
