import assert from "node:assert/strict";
import type { Command } from "commander";
import { describeError, exitCodeOf } from "../src/command-error.ts";

/** The error that a verb ends with, in this process: its line and its exit code. */
export async function refusalOf(verb: Command, args: readonly string[]): Promise<{ message: string; status: number }> {
  const error: unknown = await verb.parseAsync(args, { from: "user" }).then(
    () => assert.fail("nothing was refused"),
    (error: unknown) => error,
  );
  return { message: describeError(error), status: exitCodeOf(error) };
}
