import assert from "node:assert/strict";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";
import { DriverError } from "@outrigger/protocol";
import { serveForTest, volumePlugin } from "../test/fixture.ts";
import { createLogger, logCalls, type Logger } from "./logger.ts";

function capture(): { log: Logger; out: () => string; err: () => string } {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const read = (stream: PassThrough): string => String((stream.read() as Buffer | null) ?? "");
  return { log: createLogger({ out, err }), out: () => read(out), err: () => read(err) };
}

test("info goes to standard output, warnings and errors to standard error, one line each", () => {
  const { log, out, err } = capture();
  log.info("served");
  log.warn("slow", new Error("disk", { cause: new Error("dust") }));
  log.error("gone");
  assert.equal(out(), "served\n");
  assert.equal(err(), "warning: slow: disk: dust\nerror: gone\n");
});

test("a name cannot forge a line or turn the writing direction", () => {
  const { log, out } = capture();
  log.info("volume a\nerror: forged\u2028\u202e\u0000\u0085");
  assert.equal(out(), "volume a\\u000aerror: forged\\u2028\\u202e\\u0000\\u0085\n");
});

test("causes that go in a circle end", () => {
  const { log, err } = capture();
  const error = new Error("round");
  error.cause = error;
  log.error("it goes", error);
  assert.match(err(), /^error: it goes(: round)+\n$/);
});

test("a log whose reader has gone does not end the plugin", async () => {
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
  const log = createLogger({ out: broken, err: broken });
  log.info("lost");
  await new Promise((resolve) => broken.once("close", resolve));
  log.info("lost too");
});

test("calls are logged with their outcome and share of the engine's time, without what is in them", async () => {
  const { log, out, err } = capture();
  const remove = (): never => {
    throw new DriverError("in use; unmount it first");
  };
  await using plugin = await serveForTest(volumePlugin({ remove }), { hooks: logCalls(log) });
  await plugin.call("VolumeDriver.Create", { Name: "hunter2", Opts: { password: "hunter2" } });
  await plugin.call("VolumeDriver.Remove", { Name: "hunter2" });
  await plugin.call("x".repeat(200), {});
  assert.match(out(), /^VolumeDriver\.Create 200 in \d+\.\d ms, \d+ % of the engine's time\n$/);
  const [removed, unknown] = err().split("\n");
  assert.match(
    removed ?? "",
    /^warning: VolumeDriver\.Remove 500 in .* % of the engine's time: in use; unmount it first$/,
  );
  assert.match(unknown ?? "", /^warning: x{80} 404 in 0\.0 ms: there is no method/);
});
