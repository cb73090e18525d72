import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { main, outrigger } from "./command.ts";

const error = 'Error response from daemon: create data: error looking up volume plugin shelf: plugin "shelf" not found';

test("an error is explained from the command line and from standard input alike, with exit code 0", async () => {
  const [given, piped] = await Promise.all([
    outrigger(["explain", ...error.split(" ")]),
    outrigger(["explain"], { input: `docker: ${error}.\nSee 'docker run --help'.\n` }),
  ]);
  for (const { status, stdout, stderr } of [given, piped]) {
    assert.equal(stderr, "");
    assert.match(stdout, /^plugin-not-found {2}/);
    assert.match(stdout, /Around it:\n {2}plugin-lookup/);
    assert.equal(status, 0);
  }
});

test("an input without end is read as far as it takes, and its writer is let go", async () => {
  const line = `yes '${error}' | "$0" "$1" explain`;
  const { stdout } = await promisify(execFile)("sh", ["-c", line, process.execPath, main]);
  assert.match(stdout, /^plugin-not-found {2}/);
});

test("an error that nobody knows is told so with the nearest ones and exit code 1", async () => {
  const { status, stdout } = await outrigger(["explain", "the plugin shelf looked for its volume and was not found"]);
  assert.match(stdout, /^this error is not known here\n {2}\S+/);
  assert.equal(status, 1);
});

test("nothing to explain is wrong usage", async () => {
  const { status, stderr } = await outrigger(["explain"], { input: " \n" });
  assert.match(stderr, /nothing to explain; give the error's text, or pipe it in/);
  assert.equal(status, 2);
});

test("--json keeps its shape, and nothing in it can upset a terminal", async () => {
  const { stdout } = await outrigger(["explain", "--json", `\u001b[2J${error}`]);
  const { explanations, nearest } = JSON.parse(stdout) as { explanations: object[]; nearest: object[] };
  assert.deepEqual(Object.keys(explanations[0] ?? {}), ["id", "found", "means", "why", "remedy", "source"]);
  assert.deepEqual(nearest, []);
  assert.ok(!stdout.includes("\u001b"));
});
