import type { Method } from "@outrigger/protocol";

/** One answered call, for logs, metrics and traces. */
export interface CallRecord {
  /** What was asked for, as it came: anything at all where `method` is missing. */
  readonly path: string;
  /** The descriptor; missing for a path that no driver of the plugin implements. */
  readonly method: Method | undefined;
  /** The decoded request, where it got that far. Not a copy, and fields marked `secret` are in it. */
  readonly request?: unknown;
  /** The checked reply of a call that succeeded; missing for a stream. */
  readonly reply?: unknown;
  /** What the call failed with. */
  readonly error?: unknown;
  readonly status: number;
  readonly milliseconds: number;
  /** What the engine gives the call, or what we assume where it sets no limit. */
  readonly engineMs: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
}

/** Called as calls come and go. Left out, they cost nothing; one that throws does not disturb the call. */
export interface Hooks {
  /** An engine activated the plugin: it started, or found the plugin for the first time. */
  readonly onActivate?: () => void;
  readonly onCallStart?: (path: string) => void;
  readonly onCallEnd?: (record: CallRecord) => void;
  /**
   * An error that no caller was told of: a driver failed after its deadline, or outside of its promise.
   * Where no hook takes it, it becomes a process warning.
   */
  readonly onLostError?: (error: unknown, path: string) => void;
}

/** Several hooks as one; `undefined` for an event that none of them wants. */
export function joinHooks(all: readonly Hooks[]): Hooks {
  const activate = listenersOf(all, "onActivate");
  const start = listenersOf(all, "onCallStart");
  const end = listenersOf(all, "onCallEnd");
  const lost = listenersOf(all, "onLostError");
  return {
    ...(activate.length > 0 && { onActivate: () => each(activate, (listener) => listener()) }),
    ...(start.length > 0 && { onCallStart: (path) => each(start, (listener) => listener(path)) }),
    ...(end.length > 0 && { onCallEnd: (record) => each(end, (listener) => listener(record)) }),
    onLostError: (error, path) => {
      if (lost.length === 0) warn(error);
      else each(lost, (listener) => listener(error, path));
    },
  };
}

function listenersOf<E extends keyof Hooks>(all: readonly Hooks[], event: E): NonNullable<Hooks[E]>[] {
  return all.flatMap((hooks) => {
    const listener = hooks[event];
    // `bind` keeps the listener's parameters; its type forgets them.
    return listener === undefined ? [] : [listener.bind(hooks) as NonNullable<Hooks[E]>];
  });
}

function each<L>(listeners: readonly L[], tell: (listener: L) => void): void {
  for (const listener of listeners) {
    try {
      tell(listener);
    } catch (error) {
      warn(error);
    }
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error), { cause: error }));
}
