import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageReader, type StartLine } from "./message-reader.ts";

const messages: readonly { title: string; kind: StartLine["kind"]; bytes: string; told: string }[] = [
  {
    title: "a body by its length",
    kind: "request",
    bytes:
      "POST /A.B HTTP/1.1\r\nHost: \r\nContent-Length: 5\r\n\r\nhelloPOST /C.D HTTP/1.1\r\ncontent-length:0\r\n\r\n",
    told: "start POST /A.B [hello] end start POST /C.D [] end",
  },
  {
    title: "a chunked body with extensions and a trailer",
    kind: "reply",
    bytes:
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\nHTTP/1.1 500 \r\nContent-Length: 1\r\n\r\nx",
    told: "start 200 [abc0123456789] end start 500 [x] end",
  },
  {
    title: "a body until the connection closes",
    kind: "reply",
    bytes: "HTTP/1.0 200 OK\nContent-Type: text/plain\n\nall the rest",
    told: "start 200 [all the rest] end",
  },
  {
    title: "statuses that have no body whatever their headers say",
    kind: "reply",
    bytes:
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n",
    told: "start 100 [] end start 204 [] end start 304 [] end",
  },
  {
    title: "no HTTP at all",
    kind: "request",
    bytes: "\u0016\u0003\u0001 hello",
    told: "start garbage [\u0016\u0003\u0001 hello]",
  },
  {
    title: "HTTP/2",
    kind: "request",
    bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    told: "start garbage [PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n]",
  },
  {
    title: "two lengths that disagree",
    kind: "request",
    bytes: "POST /A HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    told: "start garbage [POST /A HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx]",
  },
  {
    title: "a chunk that has no size",
    kind: "reply",
    bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    told: "start 200 garbage [zz\r\nabc]",
  },
];

for (const { title, kind, bytes, told } of messages) {
  test(`${title} is told the same however the bytes are cut`, () => {
    const whole = Buffer.from(bytes, "latin1");
    for (let cut = 0; cut < whole.length; cut++) {
      assert.equal(tell(kind, [whole.subarray(0, cut), whole.subarray(cut)]), told, `cut at ${cut}`);
    }
    assert.equal(
      tell(
        kind,
        Array.from(whole, (byte) => Buffer.of(byte)),
      ),
      told,
      "byte by byte",
    );
  });
}

test("headers without end are given up", () => {
  const told = tell("request", [Buffer.from(`POST /A HTTP/1.1\r\nX: ${"a".repeat(20_000)}`)]);
  assert.match(told, /^start garbage /);
});

test("the end of the bytes within a message is told", () => {
  for (const [bytes, within] of [
    ["", false],
    ["POST /A HT", true],
    ["POST /A HTTP/1.1\r\nContent-Length: 2\r\n\r\nx", true],
    ["POST /A HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", false],
  ] as const) {
    const reader = new MessageReader("request", silent);
    reader.feed(Buffer.from(bytes));
    assert.equal(reader.close(), within, bytes);
  }
});

function tell(kind: StartLine["kind"], chunks: readonly Buffer[]): string {
  const told: string[] = [];
  let body: string | undefined;
  const flush = (): void => {
    if (body !== undefined) told.push(`[${body}]`);
    body = undefined;
  };
  const reader = new MessageReader(kind, {
    start: () => told.push("start"),
    head: (line) => {
      told.push(line.kind === "request" ? `${line.method} ${line.path}` : String(line.status));
      body = "";
      return { bodiless: false };
    },
    body: (bytes) => (body = (body ?? "") + bytes.toString("latin1")),
    end: () => {
      flush();
      told.push("end");
    },
    garbage: (bytes) => {
      body = body || undefined;
      flush();
      told.push("garbage");
      body = bytes.toString("latin1");
    },
  });
  for (const chunk of chunks) reader.feed(chunk);
  reader.close();
  flush();
  return told.join(" ");
}

const silent = { start: () => {}, head: () => ({ bodiless: false }), body: () => {}, end: () => {}, garbage: () => {} };
