// Why a command ended, as its exit code: 0 good, 1 a negative finding, 2 usage, 3 the environment lacks something.
import { inspect } from "node:util";
import { CallError, DiscoveryError } from "@outrigger/engine";
import { printable } from "./output.ts";

/** The command line, or a file that belongs to it, asks for something that does not exist. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The machine lacks something that the command needs; the message says what, and how to get it. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): 1 | 2 | 3 {
  if (error instanceof UsageError) return 2;
  if (error instanceof EnvironmentError) return 3;
  if (error instanceof DiscoveryError) return error.code === "not-found" || error.code === "unreadable" ? 3 : 1;
  return error instanceof CallError && error.code === "unreachable" ? 3 : 1;
}

/** The one line that tells of an error, harmless for a terminal; all there is to know of it where OUTRIGGER_DEBUG is set. */
export function describeError(error: unknown): string {
  if (process.env["OUTRIGGER_DEBUG"]) return inspect(error);
  return printable(messageOf(error).replaceAll(/\s*\n\s*/g, " "));
}

/** An error's own words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
