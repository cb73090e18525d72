import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { failure } from "../test/failure.ts";
import { answer, rawPlugin } from "../test/raw-plugin.ts";
import { connect } from "./connect.ts";

test("a stream is read piece by piece, and leaving it closes the connection", async () => {
  const left = Promise.withResolvers<void>();
  await using plugin = await rawPlugin((_, socket) => {
    socket.once("close", () => left.resolve());
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n";
  });
  await using connection = await connect(plugin.url);
  const reply = await connection.stream("LogDriver.ReadLogs", {}, { deadlineMs: 30_000 });
  for await (const piece of reply.stream) {
    assert.equal(Buffer.from(piece).toString(), "one");
    break;
  }
  await left.promise;
});

test("a stream that was opened and never read is closed by disposing it", async () => {
  const left = Promise.withResolvers<void>();
  await using plugin = await rawPlugin((_, socket) => {
    socket.once("close", () => left.resolve());
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  });
  await using connection = await connect(plugin.url);
  {
    await using reply = await connection.stream("LogDriver.ReadLogs", {});
    assert.equal(reply.status, 200);
  }
  await left.promise;
});

test("a stream outlives the deadline of its headers, ends with the plugin's, and breaks with an error", async () => {
  const opened = Promise.withResolvers<Socket>();
  await using plugin = await rawPlugin((_, socket) => {
    opened.resolve(socket);
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  });
  await using connection = await connect(plugin.url);
  await using reply = await connection.stream("LogDriver.ReadLogs", {}, { deadlineMs: 400 });
  const socket = await opened.promise;
  // Longer than the deadline; nothing else marks the moment at which a deadline has not struck.
  await new Promise((resolve) => setTimeout(resolve, 450));
  socket.end("2\r\nhi\r\n");
  const pieces: string[] = [];
  const error = await failure(
    (async () => {
      for await (const piece of reply.stream) pieces.push(Buffer.from(piece).toString());
    })(),
  );
  assert.deepEqual([pieces, error.code], [["hi"], "broken"]);
});

test("an answer that leads to another protocol ends the call at once, and the connection", async () => {
  const left = Promise.withResolvers<void>();
  await using plugin = await rawPlugin((_, socket) => {
    socket.once("close", () => left.resolve());
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\nhello";
  });
  await using connection = await connect(plugin.url);
  const error = await failure(connection.call("VolumeDriver.List"));
  assert.equal(error.message, "VolumeDriver.List: the plugin's reply: answered 101; only 200 is success");
  assert.deepEqual([error.code, error.status], ["bad-reply", 101]);
  await left.promise;
});

test("a refused stream is an error with the plugin's words", async () => {
  await using plugin = await rawPlugin(() => answer({ Err: "no such container" }, "500 No"));
  await using connection = await connect(plugin.url);
  const error = await failure(connection.stream("LogDriver.ReadLogs", {}));
  assert.equal(error.message, "LogDriver.ReadLogs: no such container");
});
