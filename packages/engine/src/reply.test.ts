import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { failure } from "../test/failure.ts";
import { answer, rawPlugin, type Respond } from "../test/raw-plugin.ts";
import { connect } from "./connect.ts";
import type { CallErrorCode } from "./engine-error.ts";

const silent: Respond = () => undefined;

interface Hostile {
  readonly title: string;
  readonly respond: Respond;
  readonly code: CallErrorCode;
  readonly message: RegExp;
  readonly status?: number;
}

const ended =
  (bytes: string): Respond =>
  (_, socket) =>
    void socket.end(bytes);

const hostile: readonly Hostile[] = [
  { title: "silence", respond: silent, code: "deadline", message: /no answer within 400 ms/ },
  {
    title: "a body that never ends",
    respond: () => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
    code: "deadline",
    message: /no answer/,
    status: 200,
  },
  { title: "headers that never end", respond: () => "HTTP/1.1 200 OK\r\nX: ", code: "deadline", message: /no answer/ },
  { title: "an early end", respond: ended(""), code: "broken", message: /closed the connection without an answer/ },
  {
    title: "half a body",
    respond: ended("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
    code: "broken",
    message: /in the middle/,
    status: 200,
  },
  { title: "garbage", respond: ended("SSH-2.0-OpenSSH\r\n"), code: "bad-reply", message: /does not answer in HTTP/ },
  {
    title: "204",
    respond: () => "HTTP/1.1 204 No Content\r\n\r\n",
    code: "bad-reply",
    message: /answered 204; only 200/,
    status: 204,
  },
  { title: "201", respond: () => answer({}, "201 Created"), code: "bad-reply", message: /answered 201/, status: 201 },
  {
    title: "an empty 200",
    respond: () => answer(""),
    code: "bad-reply",
    message: /empty body; answer at least \{\}/,
    status: 200,
  },
  {
    title: "a page",
    respond: () => answer("<html>"),
    code: "bad-reply",
    message: /not JSON at line 1, column 1.*<html>/,
    status: 200,
  },
  {
    title: "a list",
    respond: () => answer([]),
    code: "bad-reply",
    message: /must be a JSON object, got a list/,
    status: 200,
  },
  {
    title: "a wrong type",
    respond: () => answer({ Mountpoint: 1 }),
    code: "bad-reply",
    message: /^VolumeDriver.Mount: the plugin's reply: Mountpoint must be a string, got number$/,
    status: 200,
  },
  {
    title: "a wrong error",
    respond: () => answer({ Err: {} }),
    code: "bad-reply",
    message: /Err must be a string/,
    status: 200,
  },
  {
    title: "404",
    respond: () => answer("404 page not found\n", "404 Not Found"),
    code: "not-found",
    message: /Mount: 404 page not found$/,
    status: 404,
  },
  {
    title: "502",
    respond: () => answer("", "502 Bad"),
    code: "failed",
    message: /answered 502 with nothing/,
    status: 502,
  },
  {
    title: "a long page",
    respond: () => answer("x".repeat(5000), "500 No"),
    code: "failed",
    message: /x{1000}…$/,
    status: 500,
  },
  {
    title: "too much",
    respond: () => answer(`"${"x".repeat(70_000)}"`),
    code: "too-large",
    message: /over 65536 bytes; raise maxReplyBytes/,
    status: 200,
  },
  {
    title: "gzip that nobody asked for",
    respond: () =>
      Buffer.concat([
        Buffer.from("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"),
        gzipSync("{}"),
      ]),
    code: "bad-reply",
    message: /not JSON/,
    status: 200,
  },
  ...[301, 302, 307, 308].map((status): Hostile => ({
    title: String(status),
    respond: () => `HTTP/1.1 ${status} Moved\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n`,
    code: "bad-reply",
    message: /redirect to http:\/\/elsewhere\/, which is never followed/,
    status,
  })),
];

for (const { title, respond, code, message, status } of hostile) {
  test(`${title} for an answer is a call that failed with "${code}"`, async () => {
    await using plugin = await rawPlugin(respond);
    await using connection = await connect(plugin.url);
    const options = { deadlineMs: code === "deadline" ? 400 : 30_000, maxReplyBytes: 65_536 };
    const error = await failure(connection.call("VolumeDriver.Mount", { Name: "v", ID: "a" }, options));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.ok(error.message.startsWith("VolumeDriver.Mount: "));
    assert.equal(error.status, status);
    assert.equal(error.sent, true);
    assert.equal(plugin.requests.length, 1);
  });
}

test("a reset is a broken call", async () => {
  await using plugin = await rawPlugin((_, socket) => void socket.resetAndDestroy(), { tcp: true });
  await using connection = await connect(plugin.url);
  const error = await failure(connection.call("VolumeDriver.List"));
  assert.deepEqual([error.code, error.sent], ["broken", true]);
  assert.ok(error.cause instanceof Error);
});

test("a gzip bomb stops at the limit", async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
  await using plugin = await rawPlugin(() => Buffer.concat([Buffer.from(head), bomb]), { tcp: true });
  await using connection = await connect(plugin.url, { maxReplyBytes: 1_000_000 });
  assert.equal((await failure(connection.call("VolumeDriver.List"))).code, "too-large");
});

test("broken gzip is a bad reply", async () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope";
  await using plugin = await rawPlugin(() => head, { tcp: true });
  await using connection = await connect(plugin.url);
  const error = await failure(connection.call("VolumeDriver.List"));
  assert.equal(error.code, "bad-reply");
  assert.match(error.message, /not the gzip it says it is/);
});

const lenient: readonly [title: string, bytes: string][] = [
  ["HTTP/1.0 without a length", 'HTTP/1.0 200 OK\r\n\r\n{"Mountpoint":"/m"}'],
  [
    "a chunked body",
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{"Mountpoint":"/m"\r\n1\r\n}\r\n0\r\n\r\n',
  ],
  ["another case of the key", 'HTTP/1.1 200 OK\r\n\r\n{"MOUNTPOINT":"/m"}'],
  ["more after the first value", 'HTTP/1.1 200 OK\r\n\r\n{"Mountpoint":"/m"}{"Mountpoint":"/n"}'],
  ["an empty error and unknown fields", 'HTTP/1.1 200 OK\r\n\r\n{"Err":"","x":1,"Mountpoint":"/m"}'],
  ["an early hint", 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{"Mountpoint":"/m"}'],
];

for (const [title, bytes] of lenient) {
  test(`${title} is read as the engine reads it`, async () => {
    await using plugin = await rawPlugin(ended(bytes));
    await using connection = await connect(plugin.url);
    assert.deepEqual(await connection.call("VolumeDriver.Mount", { Name: "v", ID: "a" }), { Mountpoint: "/m" });
  });
}

test("null for a reply is all zero values", async () => {
  await using plugin = await rawPlugin(() => answer("null"));
  await using connection = await connect(plugin.url);
  assert.deepEqual(await connection.call("IpamDriver.GetDefaultAddressSpaces"), {
    LocalDefaultAddressSpace: "",
    GlobalDefaultAddressSpace: "",
  });
  assert.deepEqual(await connection.call("Unknown.Method"), {});
});

const errorKeys: readonly [path: string, body: object, status: number, text: string | undefined][] = [
  ["VolumeDriver.Remove", { err: "in use" }, 200, "in use"],
  ["VolumeDriver.Remove", { Err: "in use", ERR: "" }, 200, undefined],
  ["VolumeDriver.Remove", { Err: "in use", Error: "other" }, 500, "in use"],
  ["IpamDriver.ReleasePool", { Error: "no pool" }, 200, "no pool"],
  ["IpamDriver.ReleasePool", { Err: "no pool" }, 200, undefined],
  ["IpamDriver.ReleasePool", { Err: "no pool" }, 500, "no pool"],
  ["IpamDriver.ReleasePool", { Error: "no pool" }, 500, '{"Error":"no pool"}'],
  ["AuthZPlugin.AuthZReq", { Allow: true, Err: "ignored" }, 200, undefined],
  ["Unknown.Method", { Err: "no" }, 200, "no"],
];

for (const [path, body, status, text] of errorKeys) {
  test(`${path} answering ${status} ${JSON.stringify(body)} ${text === undefined ? "succeeds" : "fails"}`, async () => {
    await using plugin = await rawPlugin(() => answer(body, `${status} X`));
    await using connection = await connect(plugin.url);
    if (text === undefined) return void (await connection.call(path, {}));
    const error = await failure(connection.call(path, {}));
    assert.deepEqual(
      [error.message, error.text, error.code, error.status],
      [`${path}: ${text}`, text, "failed", status],
    );
  });
}

test("Podman does not see an error in a 200", async () => {
  await using plugin = await rawPlugin(() => answer({ Err: "failed" }));
  await using connection = await connect(plugin.url, { profile: "podman" });
  assert.deepEqual(await connection.call("VolumeDriver.Remove", { Name: "v" }), {});
});
