import assert from "node:assert/strict";
import { test } from "node:test";
import { outrigger, startOutrigger } from "./command.ts";

test("every verb has help with examples, on standard output", async () => {
  const { stdout: help } = await outrigger(["--help"]);
  const verbs = [...help.matchAll(/^ {2}([a-z]+) /gm)].flatMap(([, verb]) =>
    verb === "outrigger" ? [] : (verb ?? []),
  );
  assert.ok(
    ["serve", "ls", "inspect", "call", "conform"].every((verb) => verbs.includes(verb)),
    verbs.join(),
  );
  for (const args of [["--help"], ["help", "ls"], ...verbs.map((verb) => [verb, "--help"])]) {
    const { status, stdout, stderr } = await outrigger(args);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^Usage: outrigger /);
    assert.match(stdout, /\nExamples:\n {2}(#|outrigger )/);
  }
});

test("mistyped words are told in one line with the nearest match, and exit code 2", async () => {
  const lines = new Map([
    ["lss", "outrigger: unknown command 'lss'; did you mean ls? see outrigger --help\n"],
    ["ls --jsn", "outrigger: unknown option '--jsn'; did you mean --json? see outrigger ls --help\n"],
    ["--versoin", "outrigger: unknown option '--versoin'; did you mean --version? see outrigger --help\n"],
  ]);
  for (const [words, line] of lines) {
    const { status, stdout, stderr } = await outrigger(words.split(" ").filter(Boolean));
    assert.deepEqual([status, stdout, stderr], [2, "", line]);
  }
  const nothing = await outrigger([]);
  assert.equal(nothing.status, 2);
  assert.match(nothing.stderr, /^outrigger: name a command: serve, init, .*call/);
});

test("a stack is shown to those who ask for it alone", async () => {
  const args = ["ls", "--plugins-dir", "/nonexistent"];
  assert.doesNotMatch((await outrigger(args)).stderr, /\n {4}at /);
  assert.match((await outrigger(args, { env: { OUTRIGGER_DEBUG: "1" } })).stderr, /\n {4}at /);
});

test("a reader that leaves early, as head does, is no failure", async () => {
  await using running = startOutrigger(["serve", "--help"]);
  running.child.stdout?.destroy();
  const { status, stderr } = await running.stop("SIGCONT");
  assert.deepEqual([status, stderr], [0, ""]);
});
