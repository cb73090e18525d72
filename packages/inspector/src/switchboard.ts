// Joins each connection of the engine's to one of its own to the plugin, and tells of the calls on it.
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { CallRecord } from "./call-record.ts";
import { Conversation, type SeenCall } from "./conversation.ts";
import { Later } from "./later.ts";
import { recordOf } from "./record-of.ts";
import type { Redactor } from "./redactor.ts";
import { relay, type Relay } from "./relay.ts";

/** What is told of calls, and how much. */
export interface SwitchboardOptions {
  /** The name the calls are told under. */
  readonly plugin: string;
  readonly publish: (record: CallRecord) => void;
  /** Takes secrets out; one that several share knows a secret again wherever it turns up. Undefined shows them. */
  readonly redactor: Redactor | undefined;
  /** Of each body, this many bytes are kept for the record; 64 KiB where left out. */
  readonly bodyLimit?: number | undefined;
  /** Numbers the calls; those of one plugin where left out. */
  readonly nextNumber?: (() => number) | undefined;
}

/** Connections of one plugin. */
export interface Switchboard {
  /** Joins a connection that is paused to a new one to the plugin. */
  connect(engine: Socket): void;
  /** How many connections it holds. */
  readonly connections: number;
  /** Calls without an answer so far. */
  readonly busy: number;
  /** Closes what is idle, and the others when their calls are answered. Resolves when none is left. */
  drain(signal: AbortSignal): Promise<void>;
}

/** How long a caller is kept waiting for a plugin that is just starting anew: as long as an engine itself would try. */
const patienceMs = 15_000;
const betweenDialsMs = 100;

/** How long one that dialled before the end has for its request. */
const firstWordMs = 1000;

/** Builds one; `dial` opens a connection to where the plugin is now, `onUnreachable` hears when nobody is there. */
export function createSwitchboard(
  options: SwitchboardOptions,
  plugin: { dial: () => Socket; onUnreachable: (error: Error) => void },
): Switchboard {
  const relays = new Set<Relay>();
  const waiting = new Set<Socket>();
  let numbered = 0;
  const { nextNumber = () => ++numbered, bodyLimit = 64 * 1024 } = options;
  const later = new Later();
  const onCall = (seen: SeenCall): void => options.publish(recordOf(seen, options));
  const join = async (engine: Socket): Promise<void> => {
    engine.on("error", () => {});
    waiting.add(engine);
    const dialled = await dialPatiently(engine, plugin);
    waiting.delete(engine);
    // Dropped without having been read: this is what the engine would have seen of a plugin that ends.
    if (dialled === undefined) return void engine.destroy();
    const one = relay(engine, dialled, new Conversation({ bodyLimit, nextNumber, onCall, later }));
    relays.add(one);
    await one.closed;
    relays.delete(one);
  };
  const busy = (): Relay[] => [...relays].filter(({ conversation }) => !conversation.idle);
  return {
    connect: (engine) => void join(engine),
    get connections() {
      return relays.size + waiting.size;
    },
    get busy() {
      return busy().length;
    },
    drain: async (signal) => {
      const limit = performance.now() + firstWordMs;
      const done = ({ fresh, idle }: Conversation): boolean => idle && (!fresh || performance.now() > limit);
      while (relays.size + waiting.size > 0) {
        for (const socket of signal.aborted ? waiting : []) socket.destroy();
        for (const one of relays) if (signal.aborted || done(one.conversation)) one.cut("the trace ended");
        await Promise.race([...relays].map(({ closed }) => closed).concat(wait(20)));
      }
      later.flush();
    },
  };
}

/** The engine would repeat a call that was cut off without its body, so it is kept waiting rather than turned away. */
async function dialPatiently(
  engine: Socket,
  plugin: { dial: () => Socket; onUnreachable: (error: Error) => void },
): Promise<Socket | undefined> {
  const limit = performance.now() + patienceMs;
  for (;;) {
    const socket = plugin.dial();
    const error = await opened(socket);
    if (error === undefined) return socket;
    socket.destroy();
    plugin.onUnreachable(error);
    if (performance.now() > limit || engine.destroyed) return undefined;
    await wait(betweenDialsMs);
  }
}

function opened(socket: Socket): Promise<Error | undefined> {
  const ready = "encrypted" in socket ? "secureConnect" : "connect";
  return new Promise((resolve) => {
    socket.once(ready, () => resolve(undefined));
    socket.on("error", (error) => resolve(error));
  });
}
