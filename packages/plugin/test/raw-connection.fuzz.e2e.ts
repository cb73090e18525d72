// Whatever bytes come, a connection that starts raw and one that node:http has from the start are answered alike.
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { temporaryFolder, volumeDriverWith } from "./fixture.ts";
import { engineRequest, RawClient } from "./raw-client.ts";
import { Connections } from "../src/connections.ts";
import { definePlugin, type Plugin } from "../src/define-plugin.ts";
import { Dispatcher } from "../src/dispatcher.ts";
import type { Hooks } from "../src/hooks.ts";
import { HttpFront } from "../src/http-front.ts";
import { connectionOptions, listenOn } from "../src/listen-on.ts";

const limits = { maxBodyBytes: 100_000, receiveMs: 30_000 };

/** A head as lines, so that lines can be changed, and whatever follows it. */
interface Message {
  readonly lines: readonly string[];
  readonly body: Buffer;
}

const logRequest = { Info: { ContainerID: "c".repeat(64) }, Config: {} };

const message = fc.oneof(
  fc.record({
    ID: fc.constant("1"),
    Name: fc.string({ unit: "grapheme", maxLength: 8 }),
    Opts: fc.record({ padding: fc.string({ maxLength: 200 }) }),
  }),
  fc.constantFrom({}, logRequest),
  // More than the kernel gives at once, within the limit and beyond it.
  fc.nat(120_000).map((length) => ({ Name: "x".repeat(length), ID: "1" })),
);

const body = fc.oneof(
  { weight: 6, arbitrary: message.map((value) => Buffer.from(`${JSON.stringify(value)}\n`)) },
  fc.constantFrom("", "null", "[1]", '{"Name":', '{"Name":"a"}{"Name":"b"}').map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);

const path = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      "/VolumeDriver.Get",
      "/VolumeDriver.List",
      "/VolumeDriver.Mount",
      "/VolumeDriver.Create",
      "/VolumeDriver.Remove",
      "/LogDriver.ReadLogs",
      "/Plugin.Activate",
    ),
  },
  fc.constantFrom("/", "*", "/VolumeDriver.Get?x", "/volumedriver.get", "/VolumeDriver.Nope", "/VolumeDriver.G%65t"),
  fc.constantFrom("//VolumeDriver.Get", "http://x/VolumeDriver.Get", "VolumeDriver.Get", "/VolumeDriver.Get "),
);

const engineMessage: fc.Arbitrary<Message> = fc
  .record({
    path,
    body,
    host: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom("plugin.moby.localhost", "", "127.0.0.1:4000") },
      fc.constantFrom("a b", "\x7f", "ä"),
    ),
    gzip: fc.boolean(),
  })
  .map(({ path, body, host, gzip }) => ({
    lines: [
      `POST ${path} HTTP/1.1`,
      `Host: ${host}`,
      "User-Agent: Go-http-client/1.1",
      `Content-Length: ${body.length}`,
      "Accept: application/vnd.docker.plugins.v1.2+json",
      ...(gzip ? ["Accept-Encoding: gzip"] : []),
    ],
    body,
  }));

const strayLine = fc.constantFrom(
  "Connection: close",
  "Connection: keep-alive",
  "Connection: upgrade",
  "Upgrade: h2c",
  "Expect: 100-continue",
  "Expect: tea",
  "Transfer-Encoding: chunked",
  "Content-Length: 3",
  "Content-Type: application/json",
  "Origin: http://evil",
  " folded",
  "no colon",
  ": no name",
  "",
);

const line = fc.nat(5);

/** One change to a message that was in order. */
const change: fc.Arbitrary<(message: Message) => Message> = fc.oneof(
  fc.tuple(fc.nat(6), strayLine).map(([at, stray]) => edit((lines) => lines.toSpliced(at, 0, stray))),
  line.map((at) => edit((lines) => lines.toSpliced(at, 1))),
  fc
    .tuple(line, line)
    .map(([from, to]) => edit((lines) => lines.toSpliced(from, 1).toSpliced(to, 0, ...lines.slice(from, from + 1)))),
  fc.tuple(line, fc.constantFrom("toLowerCase", "toUpperCase")).map(([at, to]) => editLine(at, (line) => line[to]())),
  fc
    .tuple(line, fc.constantFrom(":", ":  ", ":\t", " : "))
    .map(([at, colon]) => editLine(at, (line) => line.replace(": ", colon))),
  fc.tuple(line, fc.constantFrom(" ", "\t", "\r", "\0", "\n")).map(([at, end]) => editLine(at, (line) => line + end)),
  fc
    .constantFrom("HTTP/1.0", "HTTP/1.2", "http/1.1")
    .map((version) => editLine(0, (line) => line.replace("HTTP/1.1", version))),
  fc.constantFrom("GET", "PUT", "post", " POST").map((verb) => editLine(0, (line) => line.replace("POST", verb))),
  fc
    .constantFrom("0", "3", "+3", "-3", "0x3", "03", "3 3", "3, 3", "500", "99999", "999999", "9".repeat(40))
    .map((length) => editLine(3, () => `Content-Length: ${length}`)),
  fc.constant(({ lines, body }: Message) => ({
    lines: lines.map((line) => (line.startsWith("Content-Length") ? "Transfer-Encoding: chunked" : line)),
    body: Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")]),
  })),
);

function edit(change: (lines: readonly string[]) => readonly string[]): (message: Message) => Message {
  return ({ lines, body }) => ({ lines: change(lines), body });
}

function editLine(at: number, change: (line: string) => string): (message: Message) => Message {
  return edit((lines) => lines.map((line, index) => (index === at ? change(line) : line)));
}

const request = fc
  .tuple(engineMessage, fc.oneof({ weight: 2, arbitrary: fc.constant((message: Message) => message) }, change))
  .map(([message, change]) => change(message))
  .map(({ lines, body }) => Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]));

const share = fc.double({ min: 0, max: 1, noNaN: true });

const spoiledByte = fc.record({ at: share, byte: fc.nat(255) });

/** What a client does: bytes, cut anywhere, and whether it waits between the pieces until all is quiet. */
const conversation = fc.record({
  bytes: fc
    .tuple(fc.array(request, { minLength: 1, maxLength: 4 }), fc.option(spoiledByte, { freq: 8 }))
    .map(([requests, spoiled]) => {
      const bytes = Buffer.concat(requests);
      if (spoiled !== null) bytes[Math.floor(spoiled.at * (bytes.length - 1))] = spoiled.byte;
      return bytes;
    }),
  /** Half of the time none. */
  cuts: fc.tuple(fc.boolean(), fc.array(share, { maxLength: 4 })).map(([whole, cuts]) => (whole ? [] : cuts)),
  patient: fc.boolean(),
  hangsUp: fc.boolean(),
});
type Conversation = typeof conversation extends fc.Arbitrary<infer C> ? C : never;

// The same inputs each time, so that it tells of a change; others by FUZZ_SEED.
test("raw or node:http, every input gets the same answers and the connection the same end", async () => {
  await using folder = await temporaryFolder();
  await using raw = await startSide(join(folder.path, "raw.sock"), (http) => {
    const connections = new Connections(http);
    return (socket) => connections.accept(socket);
  });
  await using parsed = await startSide(join(folder.path, "http.sock"), (http) => (socket) => {
    socket.on("error", () => {});
    http.accept(socket);
  });
  const alike = fc.asyncProperty(conversation, async (conversation) => {
    const [ours, theirs] = await Promise.all([raw.hear(conversation), parsed.hear(conversation)]);
    assert.equal(ours, theirs);
  });
  await fc.assert(alike, { numRuns: 1500, seed: Number(process.env["FUZZ_SEED"] ?? 1426131725) });
});

/** A server, and a client that tells all that it heard. */
interface Side extends AsyncDisposable {
  hear(conversation: Conversation): Promise<string>;
}

async function startSide(path: string, accepts: (http: HttpFront) => (socket: Socket) => void): Promise<Side> {
  const calls = { begun: 0, ended: 0 };
  const hooks: Hooks = {
    onCallStart: () => calls.begun++,
    onCallEnd: ({ method }) => (calls.ended += method === undefined ? 0 : 1),
    onLostError: () => {},
  };
  let gate = Promise.withResolvers<void>();
  const http = new HttpFront(
    new Dispatcher(
      plugin(() => gate.promise),
      { hooks: [hooks] },
    ),
    limits,
  );
  const accept = accepts(http);
  let accepted = Promise.withResolvers<Socket>();
  const open = new Set<Socket>();
  const server = createServer(connectionOptions, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    accept(socket);
    accepted.resolve(socket);
  });
  await listenOn(server, { path });

  const hear = async ({ bytes, cuts, patient, hangsUp }: Conversation): Promise<string> => {
    const before = calls.begun;
    accepted = Promise.withResolvers();
    await using client = await RawClient.connect(`unix://${path}`);
    const socket = await accepted.promise;
    let sent = 0;
    const quiet = async (): Promise<void> => {
      // Paused: more was sent than the answers that wait leave room for.
      while (socket.bytesRead < sent && !socket.isPaused() && !socket.destroyed) await nextTurn();
      await settle();
      // No sooner, or it would be a matter of luck which of two things comes first: a call's end or what is sent behind it.
      gate.resolve();
      while (calls.begun > calls.ended) await nextTurn();
      gate = Promise.withResolvers();
      await settle();
    };
    const say = async (piece: Buffer): Promise<void> => {
      sent += piece.length;
      client.send(piece);
      if (patient) await quiet();
      else await nextTurn();
    };
    const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
    for (const [index, place] of places.entries()) {
      if (index > 0) await say(bytes.subarray(places[index - 1], place));
    }
    if (!hangsUp) await say(engineRequest("VolumeDriver.Get", '{"Name":"probe"}'));
    await quiet();
    client.socket.end();
    return `${(await client.text()).replaceAll(/Date: .*\r\n/g, "")}\n${calls.begun - before} calls`;
  };
  return {
    hear,
    [Symbol.asyncDispose]: async () => {
      http.close();
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** From the bytes to what they lead to. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await nextTurn();
}

/** Answers at once, later, with errors, with more than a socket takes, and with a stream. */
function plugin(gate: () => Promise<void>): Plugin {
  return definePlugin({
    name: "alike",
    drivers: {
      VolumeDriver: volumeDriverWith({
        create: gate,
        remove: () => {
          throw new Error("no «remove» here");
        },
        list: () => ({ Volumes: Array.from({ length: 5000 }, (_, index) => ({ Name: `volume ${index}` })) }),
        mount: async ({ Name }) => {
          await gate();
          if (Name.length > 5) throw new Error("too long");
          return { Mountpoint: `/mnt/${Name}` };
        },
      }),
      LogDriver: {
        startLogging: () => {},
        stopLogging: () => {},
        readLogs: async function* () {
          yield Buffer.from("one\n");
          await gate();
          yield Buffer.from("two\n");
        },
      },
    },
  });
}
