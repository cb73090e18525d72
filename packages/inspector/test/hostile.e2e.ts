// Peers that send without end, never read, or come in crowds: nothing is lost, and memory stays where it is.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { answering, dial, exchange, rawPlugin, reply, request, stage, until, watch } from "./stage.ts";

const size = 100 * 1024 * 1024;
// What is kept is told apart from what is only not collected yet; https://nodejs.org/api/v8.html#v8setflagsfromstringflags.
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that somebody still holds. */
function memoryInUse(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const piece = Buffer.from("0123456789abcdef".repeat(4096));

test("100 MB pass in either direction, unchanged, and are not kept", async () => {
  await using place = await stage();
  const before = memoryInUse();
  let [most, unseen] = [0, 0];
  const look = (chunk: Buffer): void => {
    unseen += chunk.length;
    if (unseen < 8 * 1024 * 1024) return;
    unseen = 0;
    most = Math.max(most, memoryInUse() - before);
  };
  const received = createHash("sha256");
  let bytes = 0;
  await using _plugin = await rawPlugin(
    place.path,
    (socket) => {
      let answering = false;
      socket.on("data", (chunk: Buffer) => {
        received.update(chunk);
        bytes += chunk.length;
        look(chunk);
        if (bytes < size || answering) return;
        answering = true;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        void pour(socket, size);
      });
    },
    { keep: false },
  );
  await using watched = await watch(place.path);
  const engine = await dial(place.path);
  const head = `POST /VolumeDriver.Create HTTP/1.1\r\nContent-Length: ${size}\r\n\r\n`;
  const sent = createHash("sha256").update(head);
  engine.write(head);
  const pouring = pour(engine, size, (chunk) => sent.update(chunk));
  let got = 0;
  engine.on("data", (chunk: Buffer) => {
    got += chunk.length;
    look(chunk);
  });
  await pouring;
  await until("the answer is there", () => got >= size);
  const [record] = await watched.told(1);
  assert.equal(received.digest("hex"), sent.digest("hex"));
  assert.deepEqual([record?.request.bytes, record?.reply?.bytes, record?.reply?.cut], [size, size, true]);
  // A part of both is in the buffers of the kernel and of four streams.
  assert.ok(most < 32 * 1024 * 1024, `${most} bytes more`);
  engine.destroy();
});

test("a reader that takes nothing stops the writer, and fills no memory", async () => {
  await using place = await stage();
  let poured = 0;
  await using _plugin = await rawPlugin(place.path, (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
      void pour(socket, size, (chunk) => (poured += chunk.length));
    });
  });
  await using watched = await watch(place.path);
  const engine = await dial(place.path);
  engine.pause();
  engine.write(request("LogDriver.ReadLogs", "{}"));
  // Until nothing moves any more: the buffers of the kernel, and of four streams, are full.
  let before = -1;
  await until("nothing moves", async () => {
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
    const still = poured > 0 && poured === before;
    before = poured;
    return still;
  });
  assert.ok(poured < 8 * 1024 * 1024, `${poured} bytes were taken from the plugin`);
  engine.destroy();
  assert.equal((await watched.told(1))[0]?.error, "no whole answer: the engine closed the connection");
});

test("a thousand callers at once all get their own answer, and each call is told", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, (socket) => {
    socket.on("data", (chunk: Buffer) => {
      const name = /"Name":"(\w+)"/.exec(chunk.toString())?.[1];
      socket.write(reply(`{"Mountpoint":"/${name}"}`));
    });
  });
  await using watched = await watch(place.path);
  const ask = async (index: number): Promise<void> => {
    const wanted = reply(`{"Mountpoint":"/v${index}"}`);
    const got = await exchange(
      place.path,
      request("VolumeDriver.Mount", `{"Name":"v${index}","ID":"a"}`),
      wanted.length,
    );
    assert.equal(got.toString(), wanted);
  };
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => ask(round * 100 + index)));
  }
  const records = await watched.told(1000);
  assert.equal(new Set(records.map(({ number }) => number)).size, 1000);
  for (const { request, reply } of records) {
    const { Name } = request.json as { Name: string };
    assert.deepEqual(reply?.json, { Mountpoint: `/${Name}` });
  }
});

test("a request that drips in byte by byte arrives, and is told", async () => {
  await using place = await stage();
  await using plugin = await rawPlugin(place.path, (socket) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith('"x"}')) socket.write(reply("{}"));
    });
  });
  await using watched = await watch(place.path);
  const engine = await dial(place.path);
  const sent = request("VolumeDriver.Get", '{"Name":"x"}');
  for (const byte of Buffer.from(sent)) await new Promise((resolve) => engine.write(Buffer.of(byte), resolve));
  assert.deepEqual((await watched.told(1))[0]?.request.json, { Name: "x" });
  assert.equal(plugin.received().toString(), sent);
  engine.destroy();
});

test("a hundred thousand pipelined requests are passed on, and fill no memory", async () => {
  await using place = await stage();
  let bytes = 0;
  const count = (socket: Socket): void => void socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
  await using _plugin = await rawPlugin(place.path, count, { keep: false });
  let told = 0;
  await using _watched = await watch(place.path, { publish: () => told++ });
  const engine = await dial(place.path);
  const many = Buffer.from(request("VolumeDriver.List", "{}").repeat(1000));
  for (let round = 0; round < 100; round++) await new Promise((resolve) => engine.write(many, resolve));
  await until("the plugin has them", () => bytes === many.length * 100);
  assert.ok(told > 90_000, "all but the last were told, for want of an answer");
  engine.destroy();
});

test("a plugin that answers before it was asked upsets nothing", async () => {
  await using place = await stage();
  await using _plugin = await rawPlugin(place.path, (socket) => {
    socket.write("220 hello\r\n");
    answering("250 ok\r\n")(socket);
  });
  await using watched = await watch(place.path);
  const got = await exchange(place.path, "HELO x\r\n", "220 hello\r\n250 ok\r\n".length);
  assert.equal(got.toString(), "220 hello\r\n250 ok\r\n");
  assert.equal((await watched.told(1))[0]?.error, "what the engine sent is not HTTP/1");
});

async function pour(socket: Socket, total: number, see: (chunk: Buffer) => void = () => {}): Promise<void> {
  for (let left = total; left > 0 && !socket.destroyed;) {
    const chunk = left < piece.length ? piece.subarray(0, left) : piece;
    see(chunk);
    left -= chunk.length;
    if (!socket.write(chunk)) await writable(socket);
  }
}

/** Resolves when more can be written, or nothing any more. */
function writable(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      socket.off("drain", go).off("close", go);
      resolve();
    };
    socket.once("drain", go).once("close", go);
  });
}
