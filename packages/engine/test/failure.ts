import assert from "node:assert/strict";
import { CallError } from "../src/engine-error.ts";

/** The `CallError` that a call ends with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<CallError> {
  const error: unknown = await promise.then(
    () => assert.fail("the call succeeded"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof CallError, String(error));
  return error;
}
