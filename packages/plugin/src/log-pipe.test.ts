import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { soon, temporaryFolder } from "../test/fixture.ts";
import { readLogPipe, type LogPipe } from "./log-pipe.ts";

interface Read {
  readonly pipe: LogPipe;
  readonly writer: Awaited<ReturnType<typeof open>>;
  readonly text: () => string;
  /** Resolves when all of it has come. */
  readonly whenRead: (text: string) => Promise<void>;
  readonly ended: Promise<void>;
  readonly failed: Promise<unknown>;
}

/** Reads a pipe of which both ends are open, as the engine has them; the sink takes `most` bytes at a time. */
async function readPipe(folder: string, most = Infinity, failures: Error[] = []): Promise<Read> {
  const file = join(folder, "pipe");
  execFileSync("mkfifo", [file]);
  const writer = await open(file, "r+");
  const [ended, failed] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
  let text = "";
  let look = (): void => {};
  const pipe = readLogPipe(file, {
    write: (bytes) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      const taken = Buffer.from(bytes.subarray(0, most));
      text += taken.toString();
      look();
      return taken.length;
    },
    onEnd: ended.resolve,
    onError: failed.resolve,
  });
  const whenRead = (wanted: string): Promise<void> =>
    soon(new Promise((resolve) => (look = () => text === wanted && resolve())));
  return { pipe, writer, text: () => text, whenRead, ended: ended.promise, failed: failed.promise };
}

test("what a pipe brings is handed on as it comes, however little the sink takes at a time", async () => {
  await using folder = await temporaryFolder();
  const { writer, pipe, whenRead } = await readPipe(folder.path, 3);
  const read = whenRead("hello, world");
  await writer.write("hello, ");
  await writer.write("world");
  await read;
  pipe.close();
  await writer.close();
});

test("drain hands on at once what is in the pipe", async () => {
  await using folder = await temporaryFolder();
  const { writer, pipe, text } = await readPipe(folder.path);
  const large = "x".repeat(60_000);
  // Written and drained in one step, so that the event loop has no part in it.
  execFileSync("sh", ["-c", 'printf "%060000d" 0 | tr 0 x >"$0"', join(folder.path, "pipe")]);
  pipe.drain();
  assert.equal(text(), large);
  pipe.close();
  pipe.drain();
  await writer.close();
});

test("a sink that fails gets the same bytes again, and drain says why it cannot", async () => {
  await using folder = await temporaryFolder();
  const full = new Error("disk full");
  const { writer, pipe, failed, whenRead } = await readPipe(folder.path, 2, [full, full]);
  const read = whenRead("kept");
  await writer.write("kept");
  assert.equal(await soon(failed), full);
  assert.throws(() => pipe.drain(), /disk full/);
  await read;
  pipe.close();
  await writer.close();
});

test("the end of the last writer is told", async () => {
  await using folder = await temporaryFolder();
  const { writer, ended } = await readPipe(folder.path);
  await writer.close();
  await soon(ended);
});

test("what is no pipe, and what is not there, is refused", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "file");
  await writeFile(file, "");
  const sink = { write: () => 0, onEnd: () => {}, onError: () => {} };
  assert.throws(() => readLogPipe(file, sink), /is no pipe/);
  assert.throws(() => readLogPipe(`${file}-none`, sink), /cannot be opened/);
});
