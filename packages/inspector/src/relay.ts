// Joins two connections: bytes, half-closing and breaking off go from each to the other as they come.
import type { Socket } from "node:net";
import type { Conversation } from "./conversation.ts";

/** Two joined connections. */
export interface Relay {
  readonly conversation: Conversation;
  /** Resolves when both are closed. */
  readonly closed: Promise<void>;
  /** Closes both at once. */
  cut(why: string): void;
}

/** Joins the engine's connection and the one that was dialled for it; the engine's is paused until now. */
export function relay(engine: Socket, plugin: Socket, conversation: Conversation): Relay {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let open = 2;
  /** Who was first. */
  let why: string | undefined;
  const over = (): void => {
    if (--open > 0) return;
    conversation.close(why ?? "the connection was closed");
    resolve();
  };
  const cut = (reason: string): void => {
    why ??= reason;
    engine.destroy();
    plugin.destroy();
  };
  pass(engine, plugin, {
    see: (chunk) => conversation.fromEngine(chunk),
    ended: () => (why ??= "the engine closed the connection"),
  });
  pass(plugin, engine, {
    see: (chunk) => conversation.fromPlugin(chunk),
    ended: (how) => {
      why ??= "the plugin closed the connection";
      if (how === "end") conversation.pluginEnded();
    },
  });
  engine.once("close", over);
  plugin.once("close", over);
  engine.resume();
  return { conversation, closed, cut };
}

interface Witness {
  readonly see: (chunk: Buffer) => void;
  readonly ended: (how: "end" | "error") => void;
}

function pass(from: Socket, to: Socket, { see, ended }: Witness): void {
  from.on("data", (chunk: Buffer) => {
    // Passed on first, looked at while it is on its way.
    if (!to.write(chunk)) from.pause();
    see(chunk);
  });
  to.on("drain", () => from.resume());
  from.on("end", () => {
    ended("end");
    // Closed altogether, a unix socket takes not even an empty write, and that is an error, see below.
    from.write("", (error) => {
      if (!error) to.end();
    });
  });
  from.on("error", (error: NodeJS.ErrnoException) => {
    ended("error");
    const reset = error.code === "ECONNRESET" && to.remoteAddress !== undefined;
    if (reset) to.resetAndDestroy();
    else to.destroySoon();
  });
  from.on("close", () => {
    if (!to.destroyed) to.destroySoon();
  });
}
