// What `outrigger serve` says while it runs: lines for people, or one JSON object a line.
import { createLogger, type CallRecord, type Hooks, type Logger } from "@outrigger/plugin";
import { formatCall, showCall, type ShownCall } from "./call-line.ts";
import { messageOf } from "./command-error.ts";

/** What `outrigger serve --json` prints on a line. */
export type ServeEvent =
  | ({ readonly event: "call" } & ShownCall)
  | {
      readonly event: "serving";
      readonly plugin: string;
      readonly implements: readonly string[];
      readonly addresses: readonly string[];
    }
  | {
      readonly event: "log";
      readonly plugin: string;
      readonly level: keyof Logger;
      readonly message: string;
      readonly error?: string;
    }
  | { readonly event: "metrics"; readonly url: string }
  | { readonly event: "stopped"; readonly plugin: string };

/** Where events of all plugins of the process go. */
export interface ServeLog {
  /** The logger of one plugin; its lines begin with the plugin's name. */
  readonly of: (plugin: string) => Logger;
  /** Hooks that tell of one plugin's errors that no caller heard of, and of each call where that is wanted. */
  readonly hooks: (plugin: string) => Hooks;
  readonly serving: (plugin: string, what: { implements: readonly string[]; addresses: readonly string[] }) => void;
  readonly metrics: (url: string) => void;
  readonly stopped: (plugin: string) => void;
}

/** Says everything on standard output, warnings and errors on standard error; as JSON, all on standard output. */
export function createServeLog(options: { json: boolean; trace: boolean }): ServeLog {
  // Made first also for JSON: it keeps the process up when the reader of its output goes.
  const text = createLogger();
  const log = options.json ? jsonLog(text) : textLog(text);
  return {
    ...log,
    hooks: (plugin) => ({
      onLostError: (error, path) => log.of(plugin).error(`${path}: nobody was told`, error),
      ...(options.trace && { onCallEnd: (record) => log.call(plugin, record) }),
    }),
  };
}

type Log = Omit<ServeLog, "hooks"> & { readonly call: (plugin: string, record: CallRecord) => void };

function textLog(log: Logger): Log {
  return {
    of: (plugin) => ({
      info: (text) => log.info(`${plugin}: ${text}`),
      warn: (text, error) => log.warn(`${plugin}: ${text}`, error),
      error: (text, error) => log.error(`${plugin}: ${text}`, error),
    }),
    // Written past the logger, which would escape the colours; the line holds nothing that is not escaped already.
    call: (plugin, record) => void process.stdout.write(`${formatCall(showCall(record, plugin))}\n`),
    serving: (plugin, what) =>
      log.info(`${plugin} serves ${what.implements.join(", ")} at ${what.addresses.join(", ")}`),
    metrics: (url) => log.info(`metrics at ${url}`),
    stopped: (plugin) => log.info(`${plugin} has stopped`),
  };
}

function jsonLog(log: Logger): Log {
  const write = (event: string, fields: object): void =>
    log.info(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
  const say = (plugin: string, level: string) => (message: string, error?: unknown) =>
    write("log", { plugin, level, message, ...(error !== undefined && { error: messageOf(error) }) });
  return {
    of: (plugin) => ({ info: say(plugin, "info"), warn: say(plugin, "warn"), error: say(plugin, "error") }),
    call: (plugin, record) => write("call", showCall(record, plugin)),
    serving: (plugin, what) => write("serving", { plugin, ...what }),
    metrics: (url) => write("metrics", { url }),
    stopped: (plugin) => write("stopped", { plugin }),
  };
}
