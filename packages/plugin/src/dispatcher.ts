// Everything about a call that is not HTTP: routing, decoding, deadlines, encoding.
import { DriverError, protocols, type Protocol } from "@outrigger/protocol";
import { errorAnswer, textOf, type TextAnswer } from "./answer.ts";
import { openStream } from "./byte-stream.ts";
import { manifestOf, type Plugin } from "./define-plugin.ts";
import { joinHooks, type CallRecord, type Hooks } from "./hooks.ts";
import { Refusal } from "./refusal.ts";
import { decodeRequest, encodeReply, routesOf, type Route } from "./route.ts";
import { currentCall, RunningCall } from "./running-call.ts";

/** Limits and observers of a dispatcher. */
export interface DispatcherOptions {
  /** See `ServeOptions`. */
  readonly callTimeoutMs?: number | undefined;
  readonly hooks?: readonly Hooks[] | undefined;
}

/** Answers the calls of one plugin; every front-end hands its requests to the same one. */
export class Dispatcher {
  /** Calls whose driver is still at work, answered or not. */
  readonly #running = new Set<RunningCall>();
  #whenIdle: (() => void) | undefined;
  readonly #plugin: Plugin;
  readonly #hooks: Hooks;
  readonly #routes: ReadonlyMap<string, Route>;
  #starting: Promise<unknown> | undefined;

  constructor(plugin: Plugin, options: DispatcherOptions = {}) {
    this.#plugin = plugin;
    this.#hooks = joinHooks([plugin.hooks ?? {}, ...(options.hooks ?? [])]);
    this.#routes = routesOf(plugin, { hooks: this.#hooks, callTimeoutMs: options.callTimeoutMs });
    this.#starting = plugin.ready?.then(() => (this.#starting = undefined));
    // Each waiting call gets the rejection; it must not end the process when none waits.
    this.#starting?.catch(() => {});
  }

  /**
   * Answers one call: at once where the driver does, else later, through `answered` of the call that is returned;
   * that call's `cancel` is for saying that the caller has gone. Never throws.
   */
  dispatch(path: string, body: Buffer): TextAnswer | RunningCall {
    const route = this.#routes.get(path);
    if (route === undefined) return this.refuse(path, notImplemented(path, this.#plugin));
    const call = new RunningCall(route, body.length);
    this.#hooks.onCallStart?.(path);
    try {
      call.request = decodeRequest(route, body);
      const returned =
        this.#starting !== undefined && route.waitsForReady
          ? this.#runWhenReady(route, call, this.#starting)
          : currentCall.run(call, route.run, call.request, call);
      if (route.method.streams !== undefined) return this.#stream(call, returned);
      return isThenable(returned) ? this.#later(route, call, returned) : this.#succeed(route, call, returned);
    } catch (error) {
      return this.#fail(call, error);
    }
  }

  /** The answer to a request that cannot become a call. */
  refuse(path: string, error: Error): TextAnswer {
    const answer = errorAnswer(path, error);
    this.#hooks.onCallEnd?.({
      path,
      method: undefined,
      error,
      status: answer.status,
      milliseconds: 0,
      engineMs: Infinity,
      requestBytes: 0,
      answerBytes: Buffer.byteLength(answer.body),
    });
    return answer;
  }

  /** Ends streams, which would go on for ever, and resolves when no driver is at work any more. */
  async drain(): Promise<void> {
    for (const call of this.#running) {
      if (call.crashed) this.#running.delete(call);
      else if (call.terms.method.streams !== undefined) call.cancel(stopping());
    }
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
  }

  /** Answers whatever still runs, in the drivers' place. */
  cancelAll(): void {
    for (const call of this.#running) call.cancel(stopping());
  }

  async #runWhenReady(route: Route, call: RunningCall, starting: Promise<unknown>): Promise<unknown> {
    try {
      await starting;
    } catch (cause) {
      throw new DriverError(`the plugin could not start: ${textOf(cause)}`, { cause });
    }
    // Answered by now, and the engine takes an error for "nothing was done".
    if (call.cancelledBy !== undefined) throw call.cancelledBy;
    return currentCall.run(call, route.run, call.request, call);
  }

  #later(route: Route, call: RunningCall, returned: PromiseLike<unknown>): RunningCall {
    this.#begin(call);
    returned.then(
      (value) => this.#succeedLater(route, call, value),
      (error: unknown) => this.#failLater(call, error),
    );
    return call;
  }

  #stream(call: RunningCall, returned: unknown): RunningCall {
    this.#begin(call);
    const end = (outcome: { bytes: number; error?: unknown }): void => {
      this.#done(call);
      this.#end(call, { ...outcome, status: 200, answerBytes: outcome.bytes });
    };
    openStream(call, returned).then(
      (stream) => call.answer({ status: 200, stream: { ...stream, end } }),
      (error: unknown) => this.#failLater(call, error),
    );
    return call;
  }

  #begin(call: RunningCall): void {
    this.#running.add(call);
    call.answerLater((reason) => call.answer(this.#fail(call, reason)));
    call.expireWith(expire);
  }

  #done(call: RunningCall): void {
    this.#running.delete(call);
    if (this.#running.size === 0) this.#whenIdle?.();
  }

  #succeed(route: Route, call: RunningCall, returned: unknown): TextAnswer {
    try {
      const { reply, body } = encodeReply(route, returned);
      if (this.#hooks.onCallEnd !== undefined)
        this.#end(call, { status: 200, reply, answerBytes: Buffer.byteLength(body) });
      return { status: 200, body };
    } catch (error) {
      return this.#fail(call, error);
    }
  }

  #fail(call: RunningCall, error: unknown): TextAnswer {
    const answer = errorAnswer(call.path, error);
    this.#end(call, { status: answer.status, error, answerBytes: Buffer.byteLength(answer.body) });
    return answer;
  }

  #succeedLater(route: Route, call: RunningCall, returned: unknown): void {
    this.#done(call);
    if (call.cancelledBy === undefined) call.answer(this.#succeed(route, call, returned));
  }

  #failLater(call: RunningCall, error: unknown): void {
    this.#done(call);
    if (call.cancelledBy === undefined) call.answer(this.#fail(call, error));
    else if (!isCausedBy(error, call.cancelledBy)) call.terms.onLostError(error, call.path);
  }

  #end(call: RunningCall, outcome: Pick<CallRecord, "status" | "reply" | "error" | "answerBytes">): void {
    this.#hooks.onCallEnd?.({
      path: call.path,
      method: call.terms.method,
      request: call.request,
      milliseconds: performance.now() - call.startedAt,
      engineMs: call.terms.engineMs,
      requestBytes: call.requestBytes,
      ...outcome,
    });
  }
}

function stopping(): Refusal {
  return new Refusal("the plugin is stopping; try again when it is back", { status: 500 });
}

function expire(call: RunningCall): void {
  const { ownMs, engineMs } = call.terms;
  call.cancel(
    new Refusal(
      `still running after ${seconds(ownMs)} s; the engine waits ${seconds(engineMs)} s, so try again once the plugin has caught up`,
      { status: 500, code: "deadline" },
    ),
  );
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}

function notImplemented(path: string, plugin: Plugin): Refusal {
  const known = Object.values<Protocol>(protocols).find(({ methods }) =>
    Object.values(methods).some((method) => method.path === path),
  );
  const shown = JSON.stringify(path.length > 60 ? `${path.slice(0, 60)}…` : path);
  return new Refusal(
    `${known === undefined ? `there is no method ${shown}` : "not implemented"}; this plugin implements ${manifestOf(plugin).join(", ")}`,
    { status: 404, code: "not-found" },
  );
}

/** Whether a driver only passed on that it was told to stop. */
function isCausedBy(error: unknown, reason: Error): boolean {
  return error === reason || (error instanceof Error && error.cause === reason);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
