import assert from "node:assert/strict";
import { mkdtempDisposable, open, readdir, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect, createClient } from "@outrigger/engine";
import { run } from "@outrigger/linux";
import { createLogger, serve } from "@outrigger/plugin";
import { decodeLogEntries, encodeLogEntry, logDriver } from "@outrigger/protocol";
import { plugin } from "./log.ts";

const Info = { ContainerID: "c".repeat(64) };

test("every line is stored when StopLogging answers, and read back as it was", async () => {
  await using folder = await temporaryFolder();
  await withPlugin(folder.path, async (logs) => {
    await using pipe = await openPipe(folder.path, "pipe");
    await logs.startLogging({ File: pipe.path, Info });
    for (let count = 0; count < 500; count++) await pipe.write(entry(`line ${count}`));
    const large = "x".repeat(70_000);
    for (const [ordinal, piece] of [large, "y", "z"].entries())
      await pipe.write(entry(piece, { ordinal, last: ordinal === 2 }));
    await logs.stopLogging({ File: pipe.path });
    await logs.stopLogging({ File: pipe.path });
    const lines = Array.from({ length: 500 }, (_, count) => `line ${count}\n`).join("");
    assert.equal(await read(logs, {}), `${lines}${large}yz\n`);
    assert.equal(await read(logs, { Tail: 2 }), `line 499\n${large}yz\n`);
    assert.equal(await read(logs, { Tail: 0 }), "");
  });
});

test("since and until cut to the nanosecond, and the year 1 does not cut", async () => {
  await using folder = await temporaryFolder();
  await withPlugin(folder.path, async (logs) => {
    await using pipe = await openPipe(folder.path, "pipe");
    await logs.startLogging({ File: pipe.path, Info });
    const second = 1_700_000_000_000_000_000n;
    for (const nano of [1n, 2n, 3n]) await pipe.write(entry(`at ${nano}`, undefined, second + nano));
    await logs.stopLogging({ File: pipe.path });
    const at = (nano: number): string => `2023-11-14T22:13:20.00000000${nano}Z`;
    assert.equal(await read(logs, { Since: at(2), Until: "0001-01-01T00:00:00Z" }), "at 2\nat 3\n");
    assert.equal(await read(logs, { Since: "0001-01-01T00:00:00Z", Until: at(2) }), "at 1\nat 2\n");
    assert.equal(await read(logs, { Since: at(2), Until: at(2) }), "at 2\n");
    assert.equal(await read(logs, { Tail: 1, Until: at(2) }), "at 2\n");
  });
});

test("a follower gets each line as it comes, and ends with the last pipe of the container", async () => {
  await using folder = await temporaryFolder();
  await withPlugin(folder.path, async (logs) => {
    await using first = await openPipe(folder.path, "first");
    await using second = await openPipe(folder.path, "second");
    await logs.startLogging({ File: first.path, Info });
    await first.write(entry("early"));
    const seen: string[] = [];
    for await (const line of linesOf(logs, { Follow: true })) {
      seen.push(line);
      if (seen.length === 1) await first.write(entry("late"));
      if (seen.length !== 2) continue;
      await logs.startLogging({ File: second.path, Info });
      await second.write(entry("from another pipe"));
      await logs.stopLogging({ File: first.path });
      await logs.stopLogging({ File: second.path });
    }
    assert.deepEqual(seen, ["early\n", "late\n", "from another pipe\n"]);
  });
});

test("after a restart the pipe is read on, in the middle of an entry too", { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder();
  await using pipe = await openPipe(folder.path, "pipe");
  const cut = entry("cut in two");
  await withPlugin(folder.path, async (logs) => {
    await logs.startLogging({ File: pipe.path, Info });
    await pipe.write(entry("before"));
    await pipe.write(cut.subarray(0, 10));
    while ((await read(logs, {})) !== "before\n");
  });
  await pipe.write(cut.subarray(10));
  await withPlugin(folder.path, async (logs) => {
    await logs.stopLogging({ File: pipe.path });
    assert.equal(await read(logs, {}), "before\ncut in two\n");
  });
});

test("a look at an ended log leaves it as it is, and a container without one has nothing to read", async () => {
  await using folder = await temporaryFolder();
  await withPlugin(folder.path, async (logs) => {
    assert.equal(await read(logs, {}), "");
    for (const name of ["first", "second"]) {
      await using pipe = await openPipe(folder.path, name);
      await logs.startLogging({ File: pipe.path, Info });
      if (name === "first") await pipe.write(entry("kept"));
      await logs.stopLogging({ File: pipe.path });
    }
    assert.equal(await read(logs, {}), "kept\n");
    assert.equal((await readdir(join(folder.path, "state", Info.ContainerID))).length, 1);
  });
});

test("an unknown option, an odd container and what is no pipe are refused", async () => {
  await using folder = await temporaryFolder();
  await withPlugin(folder.path, async (logs) => {
    await using pipe = await openPipe(folder.path, "pipe");
    const start = (more: object, File = pipe.path): Promise<object> =>
      logs.startLogging({ File, Info: { ...Info, ...more } });
    await assert.rejects(start({ Config: { speed: "9" } }), /unknown option "speed"/);
    await assert.rejects(start({ ContainerID: "../x" }), /is no container's id/);
    await assert.rejects(start({}, join(folder.path, "state", "state.db")), /is no pipe/);
    await assert.rejects(start({}, join(folder.path, "none")), /cannot be opened/);
    await start({ Config: { mode: "non-blocking", "max-buffer-size": "1m", "cache-disabled": "true" } });
  });
});

type Client = ReturnType<typeof createClient<typeof logDriver>>;
type Config = Parameters<Client["readLogs"]>[0]["Config"];

function entry(text: string, part?: { ordinal: number; last: boolean }, timeNano = 1n): Uint8Array {
  const line = Buffer.from(text);
  if (part === undefined) return encodeLogEntry({ source: "stdout", timeNano, line, partial: false });
  return encodeLogEntry({ source: "stdout", timeNano, line, partial: true, partialLogMetadata: { id: "a", ...part } });
}

async function read(logs: Client, config: Config): Promise<string> {
  return (await Array.fromAsync(linesOf(logs, config))).join("");
}

async function* linesOf(logs: Client, config: Config): AsyncGenerator<string> {
  for await (const { line } of decodeLogEntries(await logs.readLogs({ Info, Config: config })))
    yield Buffer.from(line).toString();
}

function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  return mkdtempDisposable(join(tmpdir(), "log-test-"));
}

/** A pipe with both of its ends held open, as the engine holds them. */
async function openPipe(folder: string, name: string): Promise<FileHandle & { readonly path: string }> {
  const path = join(folder, name);
  await run(["mkfifo", path]);
  return Object.assign(await open(path, "r+"), { path });
}

/** Serves the plugin on a socket in the folder, and calls it as the engine does. */
async function withPlugin(folder: string, use: (client: Client) => Promise<void>): Promise<void> {
  const context = { name: "logbook", log: createLogger(), signal: AbortSignal.timeout(30_000) };
  await using opened = await plugin.open({ root: join(folder, "state") }, context);
  await using serving = await serve(opened, { pluginsDir: folder, signals: false });
  await using connection = await connect(serving.addresses[0] ?? "");
  await use(createClient(logDriver, connection));
}
