import type { Writable } from "node:stream";
import { textOf } from "./answer.ts";
import type { CallRecord, Hooks } from "./hooks.ts";

/** Says what happens, one line each. */
export interface Logger {
  readonly info: (text: string) => void;
  readonly warn: (text: string, error?: unknown) => void;
  readonly error: (text: string, error?: unknown) => void;
}

/** Writes `info` lines to one stream and the others to another: standard output and error where left out. */
export function createLogger(streams: { out?: Writable; err?: Writable } = {}): Logger {
  const { out = process.stdout, err = process.stderr } = streams;
  // A managed plugin's output goes to the engine, which may be gone for a while; that must not end the plugin.
  for (const stream of [out, err]) if (!stream.listeners("error").includes(ignore)) stream.on("error", ignore);
  const write = (stream: Writable, line: string): void => void stream.write(`${line}\n`);
  return {
    info: (text) => write(out, oneLine(text)),
    warn: (text, error) => write(err, `warning: ${withCause(text, error)}`),
    error: (text, error) => write(err, `error: ${withCause(text, error)}`),
  };
}

/** Logs each call with its outcome, and errors that no caller was told of; never what is in a request or a reply. */
export function logCalls(log: Logger): Hooks {
  return {
    onCallEnd: (record) => {
      if (record.error === undefined) log.info(summary(record));
      else log.warn(summary(record), record.error);
    },
    onLostError: (error, path) => log.error(`${path}: nobody was told`, error),
  };
}

function summary({ path, status, milliseconds, engineMs }: CallRecord): string {
  const share = engineMs === Infinity ? "" : `, ${Math.ceil((milliseconds / engineMs) * 100)} % of the engine's time`;
  return `${path.slice(0, 80) || "unreadable request"} ${status} in ${milliseconds.toFixed(1)} ms${share}`;
}

function withCause(text: string, error: unknown): string {
  const causes: string[] = [];
  for (let at = error; at !== undefined && causes.length < 5; at = at instanceof Error ? at.cause : undefined) {
    causes.push(textOf(at));
  }
  return oneLine([text, ...causes].join(": "));
}

/** A name with a line break, or one that turns the writing direction, must not pass for something we said. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function ignore(): void {}
