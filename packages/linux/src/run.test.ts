import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError, run } from "./run.ts";

test("a command's outputs and input are what it wrote and was given", async () => {
  const { stdout, stderr, code } = await run(["sh", "-c", "cat; echo no >&2; exit 3"], { input: "yes", accept: [3] });
  assert.deepEqual({ stdout, stderr, code }, { stdout: "yes", stderr: "no\n", code: 3 });
});

test("words reach a command as they are, with no shell between", async () => {
  const { stdout } = await run(["printf", "%s|", "$(id)", "a b", "; rm -rf /", ""]);
  assert.equal(stdout, "$(id)|a b|; rm -rf /||");
});

test("a command sees none of this process's environment", async () => {
  process.env.OUTRIGGER_TEST_SECRET = "x";
  const { stdout } = await run(["env"]);
  delete process.env.OUTRIGGER_TEST_SECRET;
  assert.doesNotMatch(stdout, /OUTRIGGER_TEST_SECRET/);
});

test("a failure names the command, its code and the end of what it said", async () => {
  await assert.rejects(run(["sh", "-c", "echo disk full >&2; exit 5"]), (error) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.code, 5);
    assert.match(error.message, /^sh -c .* failed with code 5: disk full$/);
    return true;
  });
});

test("a command that is not there is named", async () => {
  await assert.rejects(run(["outrigger-no-such-command"]), /outrigger-no-such-command could not be started/);
});

test("past its deadline a command is killed with all that it started", async () => {
  // A number nobody else sleeps for, so that it can be looked for.
  const long = `1000.${process.pid}`;
  await assert.rejects(
    run(["sh", "-c", `sleep ${long} & sleep ${long}`], { timeoutMs: 300 }),
    /did not end within 0.3 s/,
  );
  const left = await run(["pgrep", "--full", `^sleep ${long}$`], { accept: [0, 1] });
  assert.equal(left.stdout, "");
});

test("an aborted signal stops a command, with the signal's reason as cause", async () => {
  const stop = new AbortController();
  const running = run(["sleep", "1001"], { signal: stop.signal });
  const reason = new Error("no longer wanted");
  stop.abort(reason);
  await assert.rejects(running, (error) => error instanceof CommandError && error.cause === reason);
});

test("a command that prints without end is stopped", async () => {
  await assert.rejects(run(["yes"], { maxOutputBytes: 100_000 }), /printed more than 100000 bytes/);
});
