import assert from "node:assert/strict";
import { test } from "node:test";
import { serveForTest, soon, volumePlugin } from "../test/fixture.ts";
import { engineRequest, type RawAnswer } from "../test/raw-client.ts";

const mediaType = "application/vnd.docker.plugins.v1.2+json";

/** Every failure has this shape, or the engine shows the raw body. */
function assertFailure(answer: RawAnswer, status: number, text: RegExp): void {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.headers.get("content-type"), mediaType);
  const message = JSON.parse(answer.body) as { Err: string };
  assert.match(message.Err, text);
  assert.doesNotMatch(message.Err, /\n|^\s|\.$|    at /);
}

const accepted: readonly [what: string, bytes: string][] = [
  [
    "an empty Host, as engines before 20.10.26 send it",
    "POST /VolumeDriver.List HTTP/1.1\r\nHost: \r\nContent-Length: 2\r\n\r\n{}",
  ],
  ["no Host", "POST /VolumeDriver.List HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"],
  ["a Host that is a path", "POST /VolumeDriver.List HTTP/1.1\r\nHost: %2Frun%2Fx.sock\r\nContent-Length: 2\r\n\r\n{}"],
  [
    "Podman's Content-Type",
    "POST /VolumeDriver.List HTTP/1.1\r\nHost: plugin\r\nContent-Type: application/vnd.docker.plugins.v1.1+json\r\nContent-Length: 0\r\n\r\n",
  ],
  [
    "a form's Content-Type",
    "POST /VolumeDriver.List HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 2\r\n\r\n{}",
  ],
  [
    "an Accept of version 1",
    "POST /VolumeDriver.List HTTP/1.1\r\nAccept: application/vnd.docker.plugins.v1+json\r\nContent-Length: 2\r\n\r\n{}",
  ],
  [
    "a chunked body",
    "POST /VolumeDriver.List HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n2\r\n}\n\r\n0\r\n\r\n",
  ],
  ["an expectation", "POST /VolumeDriver.List HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"],
  ["an unknown expectation", "POST /VolumeDriver.List HTTP/1.1\r\nExpect: tea\r\nContent-Length: 2\r\n\r\n{}"],
  [
    "an Upgrade",
    "POST /VolumeDriver.List HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
  ],
  ["HTTP/1.0", "POST /VolumeDriver.List HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"],
];
for (const [what, bytes] of accepted) {
  test(`a call with ${what} is served`, async () => {
    await using plugin = await serveForTest(volumePlugin());
    await using client = await plugin.connect();
    const answer = await client.send(bytes).answer();
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.headers.get("content-type"), mediaType);
    assert.deepEqual(JSON.parse(answer.body), { Volumes: [] });
  });
}

const refused: readonly [what: string, bytes: string, status: number, text: RegExp][] = [
  ["GET", "GET /VolumeDriver.List HTTP/1.1\r\n\r\n", 405, /^GET is not supported; use POST$/],
  ["PUT", "PUT /VolumeDriver.List HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 405, /use POST/],
  [
    "a query",
    "POST /VolumeDriver.List?x=1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    404,
    /no method "VolumeDriver.List\?x=1"/,
  ],
  [
    "an absolute target",
    "POST http://plugin/VolumeDriver.List HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    404,
    /no method/,
  ],
  ["an asterisk for a target", "POST * HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 404, /no method ""/],
  [
    "a web page's origin",
    "POST /VolumeDriver.List HTTP/1.1\r\nOrigin: http://evil\r\nContent-Length: 0\r\n\r\n",
    403,
    /Origin/,
  ],
  [
    "two Content-Lengths",
    "POST /VolumeDriver.List HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    400,
    /not an HTTP\/1\.1 request/,
  ],
  [
    "both framings",
    "POST /VolumeDriver.List HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
    /not an HTTP/,
  ],
  ["a negative length", "POST /VolumeDriver.List HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, /not an HTTP/],
  [
    "a broken chunk",
    "POST /VolumeDriver.List HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    400,
    /not an HTTP/,
  ],
  ["garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, /not an HTTP/],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, /not an HTTP/],
  [
    "headers of 40 kB",
    `POST /VolumeDriver.List HTTP/1.1\r\nX: ${"x".repeat(40_000)}\r\n\r\n`,
    431,
    /headers are too large/,
  ],
  ["a long path", `POST /${"x".repeat(5000)} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`, 404, /no method "x{60}…"/],
];
for (const [what, bytes, status, text] of refused) {
  test(`a request with ${what} is refused with ${status} and Err`, async () => {
    await using plugin = await serveForTest(volumePlugin());
    await using client = await plugin.connect();
    assertFailure(await client.send(Buffer.from(bytes, "latin1")).answer(), status, text);
    assert.equal((await plugin.call("VolumeDriver.List", {})).status, 200);
  });
}

test("a refused method is answered with what is allowed", async () => {
  await using plugin = await serveForTest(volumePlugin());
  await using client = await plugin.connect();
  const answer = await client.send("DELETE /VolumeDriver.Remove HTTP/1.1\r\n\r\n").answer();
  assert.equal(answer.headers.get("allow"), "POST");
});

test("a body that is announced too large is refused before it arrives", async () => {
  await using plugin = await serveForTest(volumePlugin(), { maxBodyBytes: 1000 });
  await using client = await plugin.connect();
  client.send("POST /VolumeDriver.Create HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
  assertFailure(await client.answer(), 413, /larger than the 1000 bytes/);
  await client.ended();
});

test("10 MB are refused while they arrive, announced or not, and the caller can read why", async () => {
  await using plugin = await serveForTest(volumePlugin());
  const body = Buffer.alloc(10_000_000, "x");
  for (const framing of [`Content-Length: ${body.length}`, "Transfer-Encoding: chunked"]) {
    await using client = await plugin.connect();
    client.send(`POST /VolumeDriver.Create HTTP/1.1\r\n${framing}\r\n\r\n`);
    client.send(framing.startsWith("T") ? Buffer.concat([Buffer.from("989680\r\n"), body]) : body);
    assertFailure(await client.answer(), 413, /larger than/);
    await client.ended();
  }
});

test("a body of 6 MiB, as authorization sends it, is taken", async () => {
  await using plugin = await serveForTest(volumePlugin());
  const answer = await plugin.call("VolumeDriver.Create", { Name: "a", Opts: { x: "y".repeat(6 * 2 ** 20) } });
  assert.equal(answer.status, 200, answer.body);
});

test("a body in one-byte chunks arrives whole", async () => {
  await using plugin = await serveForTest(volumePlugin());
  await using client = await plugin.connect();
  const body = JSON.stringify({ Name: "ä".repeat(3000), ID: "1" });
  const chunks = Array.from(Buffer.from(body), (byte) => Buffer.from([0x31, 13, 10, byte, 13, 10]));
  client.send("POST /VolumeDriver.Mount HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const answer = await client.send(Buffer.concat([...chunks, Buffer.from("0\r\n\r\n")])).answer();
  assert.deepEqual(JSON.parse(answer.body), { Mountpoint: `/mnt/${"ä".repeat(3000)}` });
});

test("a request split at every byte is served", async () => {
  await using plugin = await serveForTest(volumePlugin());
  await using client = await plugin.connect();
  for (const byte of engineRequest("VolumeDriver.Get", '{"Name":"a"}')) {
    client.send(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  assert.deepEqual(JSON.parse((await client.answer()).body), { Volume: { Name: "a" } });
});

test("pipelined calls are answered in order, even when a later one is done first", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const mount = async ({ Name }: { readonly Name: string }): Promise<{ Mountpoint: string }> => {
    if (Name === "slow") await promise;
    else resolve();
    return { Mountpoint: `/mnt/${Name}` };
  };
  await using plugin = await serveForTest(volumePlugin({ mount }));
  await using client = await plugin.connect();
  client.call("VolumeDriver.Mount", { Name: "slow", ID: "1" }).call("VolumeDriver.Mount", { Name: "fast", ID: "2" });
  assert.deepEqual(JSON.parse((await client.answer()).body), { Mountpoint: "/mnt/slow" });
  assert.deepEqual(JSON.parse((await client.answer()).body), { Mountpoint: "/mnt/fast" });
});

test("garbage behind a running call breaks the connection rather than pass for its answer", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using plugin = await serveForTest(
    volumePlugin({
      mount: async (_, call) => {
        call.signal.addEventListener("abort", () => resolve());
        await promise;
        return { Mountpoint: "/mnt/a" };
      },
    }),
  );
  await using client = await plugin.connect();
  client.call("VolumeDriver.Mount", { Name: "a", ID: "1" }).send("GARBAGE\r\n\r\n");
  assert.equal(await client.text(), "");
  await soon(promise);
});

test("a request that does not arrive in time is refused with 408, headers or body", async () => {
  await using plugin = await serveForTest(volumePlugin(), { receiveTimeoutMs: 100 });
  for (const part of ["POST /VolumeDriver.List HT", "POST /VolumeDriver.List HTTP/1.1\r\nContent-Length: 2\r\n\r\n{"]) {
    await using client = await plugin.connect();
    assertFailure(await client.send(part).answer(), 408, /took too long/);
    await client.ended();
  }
});

test("a connection that is idle for longer than a request may take stays open, used before or not", async () => {
  await using plugin = await serveForTest(volumePlugin(), { receiveTimeoutMs: 100 });
  await using fresh = await plugin.connect();
  await using used = await plugin.connect();
  assert.equal((await used.call("VolumeDriver.List", {}).answer()).status, 200);
  await using slow = await plugin.connect();
  await slow.send("POST").ended();
  await using slower = await plugin.connect();
  await slower.send("POST").ended();
  assert.equal((await fresh.call("VolumeDriver.List", {}).answer()).status, 200);
  assert.equal((await used.call("VolumeDriver.List", {}).answer()).status, 200);
});

test("a call may run for longer than a request may take to arrive", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const create = (): Promise<void> => promise;
  await using plugin = await serveForTest(volumePlugin({ create }), { receiveTimeoutMs: 100 });
  await using running = await plugin.connect();
  running.call("VolumeDriver.Create", { Name: "a" });
  for (let i = 0; i < 3; i++) {
    await using slow = await plugin.connect();
    await slow.send("POST").ended();
  }
  resolve();
  assert.equal((await running.answer()).status, 200);
});

test("a caller that breaks off leaves no half call behind, and the next one is served", async () => {
  const names: string[] = [];
  await using plugin = await serveForTest(volumePlugin({ create: ({ Name }) => void names.push(Name) }));
  {
    await using client = await plugin.connect();
    client.send('POST /VolumeDriver.Create HTTP/1.1\r\nContent-Length: 20\r\n\r\n{"Name":"half');
  }
  assert.equal((await plugin.call("VolumeDriver.Create", { Name: "whole" })).status, 200);
  assert.deepEqual(names, ["whole"]);
});

test("a request cut off by a half-close is refused", async () => {
  await using plugin = await serveForTest(volumePlugin());
  await using client = await plugin.connect();
  client.send("POST /VolumeDriver.Create HTTP/1.1\r\nContent-Length: 20\r\n\r\n{").socket.end();
  assertFailure(await client.answer(), 400, /not an HTTP/);
});

test("a caller that half-closes still gets an answer that is there at once", async () => {
  await using plugin = await serveForTest(volumePlugin());
  await using client = await plugin.connect();
  client.call("VolumeDriver.List", {}).socket.end();
  assert.equal((await client.answer()).status, 200);
  await client.ended();
});

test("a caller that hangs up aborts the call's signal", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const started = Promise.withResolvers<void>();
  const mount = async (_: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
    signal.addEventListener("abort", () => resolve(signal.reason));
    started.resolve();
    await promise;
    throw signal.reason;
  };
  await using plugin = await serveForTest(volumePlugin({ mount }));
  {
    await using client = await plugin.connect();
    client.call("VolumeDriver.Mount", { Name: "a", ID: "1" });
    await soon(started.promise);
  }
  assert.match(String(await soon(promise)), /hung up/);
});

test("twenty connections are served side by side", async () => {
  await using plugin = await serveForTest(volumePlugin());
  const answers = await Promise.all(Array.from({ length: 20 }, () => plugin.call("VolumeDriver.List", {})));
  assert.ok(answers.every(({ status }) => status === 200));
});

test("what comes behind a request that was refused unread is not carried out", async () => {
  const mounted: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const plugin = volumePlugin({
    mount: async ({ Name }) => {
      mounted.push(Name);
      await gate;
      return { Mountpoint: "/mnt" };
    },
  });
  await using served = await serveForTest(plugin, { maxBodyBytes: 100 });
  await using client = await served.connect();
  const mount = (name: string): Buffer => engineRequest("VolumeDriver.Mount", `{"Name":"${name}","ID":"a"}`);
  client.send(Buffer.concat([mount("first"), mount("x".repeat(200)), mount("behind")]));
  await soon(untilSeen(() => mounted.length > 0));
  open();
  const text = await soon(client.text());
  assert.match(text, /200 OK.*413 Payload Too Large/s);
  assert.deepEqual(mounted, ["first"]);
});

async function untilSeen(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
