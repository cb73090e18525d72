// Traces a plugin that is running, in its place, without it or the engine being started anew.
import { existsSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { dirname } from "node:path";
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import { InspectorError } from "./inspector-error.ts";
import { listeningSocket, type ListeningSocket } from "./kernel-sockets.ts";
import { realSocketPath, takeSeat, type Seat } from "./seat.ts";
import { socketState } from "./socket-state.ts";
import { createSwitchboard, type SwitchboardOptions } from "./switchboard.ts";
import type { TraceEvent } from "./trace-event.ts";

/** How a plugin is traced. */
export interface TraceOptions extends SwitchboardOptions {
  /** Told of what happens around the calls. */
  readonly say: (event: TraceEvent) => void;
  /** Cuts off what is still running when the trace ends. */
  readonly hurry?: AbortSignal | undefined;
}

/** A trace that runs. Disposing ends it: the plugin gets its place back at once, running calls are waited for. */
export interface Tracing extends AsyncDisposable {
  /** Where the engine reaches us. */
  readonly address: string;
  /** Calls that wait for their answer. */
  readonly busy: number;
}

/** How often the place and the plugin are looked after: sooner than a plugin is back that is started anew, which would find its place taken. */
const lookMs = 50;

const settleMs = 50;

/** The longest that an engine gives a call, and a little: then what still runs is cut off. */
const longestCallMs = 125_000;

/**
 * Takes a running plugin's place at its socket and passes on everything. The plugin is followed when it starts anew.
 * Throws `InspectorError` where there is no live plugin, or where it is traced already.
 */
export async function traceSocket(path: string, options: TraceOptions): Promise<Tracing> {
  const trace = new SocketTrace(await realSocketPath(path), options);
  await trace.begin();
  return trace;
}

class SocketTrace implements Tracing {
  readonly #path: string;
  readonly #options: TraceOptions;
  readonly #board: ReturnType<typeof createSwitchboard>;
  readonly #ended = new AbortController();
  #seat: Seat | undefined;
  #kernel: ListeningSocket | undefined;
  #watching: Promise<void> = Promise.resolve();
  #accepted = 0;
  #unreachable = false;
  /** Connections that the engine still has straight to the plugin. */
  #unseen = 0;

  constructor(path: string, options: TraceOptions) {
    this.#path = path;
    this.#options = options;
    this.#board = createSwitchboard(options, {
      dial: () => createConnection({ path: this.#seat?.plugin ?? this.#path, allowHalfOpen: true }),
      onUnreachable: () => (this.#unreachable = true),
    });
  }

  get address(): string {
    return `unix://${this.#path}`;
  }

  get busy(): number {
    return this.#board.busy;
  }

  async begin(): Promise<void> {
    await this.#sit();
    this.#watching = this.#watch();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loseDead();
    const seat = this.#stand();
    this.#ended.abort();
    await this.#watching;
    // Taken anew in the same moment, it is another one.
    for (const one of [seat, this.#stand()]) {
      if (one !== undefined) await this.#leave(one, "given-back", `${this.#path} is the plugin's again`);
    }
    const limit = AbortSignal.timeout(longestCallMs);
    await this.#board.drain(this.#options.hurry === undefined ? limit : AbortSignal.any([this.#options.hurry, limit]));
  }

  /** A plugin that has just ended is given nothing back: its socket would only cost the engine time. */
  async #loseDead(): Promise<void> {
    const seat = this.#seat;
    if (seat === undefined || (await socketState(seat.plugin)) !== "dead" || this.#seat !== seat) return;
    this.#seat = undefined;
    seat.clear();
    await this.#leave(seat, "lost", `${this.#path} is gone, for its plugin has ended`);
  }

  async #sit(): Promise<void> {
    this.#seat = await takeSeat(this.#path, (socket: Socket) => {
      this.#accepted++;
      this.#board.connect(socket);
    });
    this.#unreachable = false;
    this.#say("tracing", `calls at ${this.#path} are shown`);
    this.#kernel = await listeningSocket(this.#seat.plugin, dirname(this.#path));
    this.#unseen = await this.#connectionsBefore();
    if (this.#kernel === undefined) {
      this.#say(
        "unseen",
        "whether the engine still has connections of its own to the plugin cannot be told here; calls on them are not seen until they close",
      );
    } else if (this.#unseen > 0) {
      this.#say(
        "unseen",
        `${this.#unseen} connection${this.#unseen === 1 ? "" : "s"} from before still go${this.#unseen === 1 ? "es" : ""} straight to the plugin; calls on them are not seen until they close, which with Docker Engine before 29.0.1 is when the plugin is started anew`,
      );
    }
  }

  /** How many connections the plugin had before. Our own question whether it lives may be among them for a moment. */
  async #connectionsBefore(): Promise<number> {
    if (this.#kernel === undefined || this.#kernel.connections === 0) return 0;
    await wait(settleMs);
    return Math.max(0, ((await this.#kernel.now())?.connections ?? 0) - this.#board.connections);
  }

  /** Gives the place back; whoever is still connected gets to the plugin there. */
  #stand(): Seat | undefined {
    const seat = this.#seat;
    this.#seat = undefined;
    seat?.giveBack();
    return seat;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await wait(lookMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      if (this.#seat === undefined) await this.#tryAgain();
      else if (!this.#seat.held()) await this.#lose(this.#seat);
      else if (!(await this.#pluginListens(this.#seat))) await this.#lose(this.#seat);
    }
  }

  /** By the kernel's word, so that the plugin is not bothered; by dialling where that says no, or a call could not be passed on. */
  async #pluginListens(seat: Seat): Promise<boolean> {
    const now = await this.#kernel?.now();
    if (now?.listens === true) this.#countUnseen(now.connections);
    if (!this.#unreachable && now?.listens !== false) return true;
    this.#unreachable = false;
    const listens = (await socketState(seat.plugin)) === "live";
    // Not the name that it was taken for, then.
    if (listens && now?.listens === false) this.#kernel = undefined;
    return listens;
  }

  #countUnseen(connections: number): void {
    const unseen = Math.max(0, connections - this.#board.connections);
    if (this.#unseen > 0 && unseen === 0) this.#say("unseen", "all calls are seen now");
    this.#unseen = Math.min(this.#unseen, unseen);
  }

  async #lose(seat: Seat): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#seat = undefined;
    seat.clear();
    const what = existsSync(this.#path) ? "is another socket now" : "is gone, for its plugin has ended";
    await this.#leave(seat, "lost", `${this.#path} ${what}; calls are seen again once a plugin listens there`);
  }

  async #tryAgain(): Promise<void> {
    try {
      if ((await socketState(this.#path)) === "live") await this.#sit();
    } catch (error) {
      if (!(error instanceof InspectorError)) throw error;
    }
  }

  /** Takes in who had dialled before our socket went, for nobody else will answer them. */
  async #leave(seat: Seat, kind: TraceEvent["kind"], text: string): Promise<void> {
    for (let quiet = 0, before = -1; quiet < 3; quiet++) {
      if (before !== this.#accepted) quiet = 0;
      before = this.#accepted;
      await nextTurn();
    }
    seat.close();
    this.#say(kind, text);
  }

  #say(kind: TraceEvent["kind"], text: string): void {
    this.#options.say({ kind, plugin: this.#options.plugin, text });
  }
}
