import assert from "node:assert/strict";
import { test } from "node:test";
import { readReply } from "./http-reply.ts";

const head = "HTTP/1.1 200 OK\r\n";

function read(text: string, ended = false): ReturnType<typeof readReply> {
  return readReply(Buffer.from(text, "latin1"), ended);
}

function bodyOf(text: string, ended = false): string {
  const reply = read(text, ended);
  assert.equal(reply.state, "done", JSON.stringify(reply));
  return reply.state === "done" ? reply.body.toString() : "";
}

test("a body is as long as Content-Length says, and what follows is left", () => {
  const reply = read(`${head}Content-Length: 2\r\n\r\n{}HTTP/1.1`);
  assert.ok(reply.state === "done");
  assert.equal(reply.body.toString(), "{}");
  assert.equal(reply.size, head.length + "Content-Length: 2\r\n\r\n{}".length);
  assert.deepEqual(reply.head.headers.get("content-length"), ["2"]);
});

test("a body in chunks is joined, extensions and trailers passed over", () => {
  assert.equal(bodyOf(`${head}Transfer-Encoding: Chunked\r\n\r\n2;x=y\r\n{"\r\n3\r\na"}\r\n0\r\n\r\n`), '{"a"}');
});

test("a body without a length goes to the end of the connection", () => {
  assert.deepEqual(read(`${head}\r\n{`), { state: "more" });
  assert.equal(bodyOf(`${head}\r\n{}`, true), "{}");
});

test("an interim reply is passed over", () => {
  assert.equal(bodyOf(`HTTP/1.1 100 Continue\r\n\r\n${head}Content-Length: 1\r\n\r\nx`), "x");
});

test("HTTP/1.0 is read", () => {
  const reply = read("HTTP/1.0 404 Not Found\r\n\r\n", true);
  assert.ok(reply.state === "done");
  assert.deepEqual([reply.head.version, reply.head.status, reply.body.length], ["HTTP/1.0", 404, 0]);
});

test("a reply is not there before its last byte", () => {
  const whole = `${head}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;
  for (let size = 0; size < whole.length; size += 1) {
    assert.equal(read(whole.slice(0, size)).state, "more", JSON.stringify(whole.slice(0, size)));
    assert.equal(read(whole.slice(0, size), true).state, "broken", JSON.stringify(whole.slice(0, size)));
  }
  assert.equal(read(whole).state, "done");
});

const broken: Readonly<Record<string, RegExp>> = {
  "220 mail.example ESMTP\r\n": /the reply is not HTTP: it begins with "220 mail/,
  "\u0000\u0001\u0002\u0003\u0004": /the reply is not HTTP/,
  "HTTP/1.1 abc\r\n\r\n": /the reply is not HTTP/,
  "HTTP/1.1 200 OK\r\nno colon\r\n\r\n": /the reply is not HTTP/,
  [`${head}Content-Length: -1\r\n\r\n`]: /Content-Length is "-1"/,
  [`${head}Content-Length: 0x10\r\n\r\n`]: /Content-Length is "0x10"/,
  [`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`]: /a chunk's length is "zz"/,
  [`${head}X: ${"y".repeat(70_000)}`]: /no end of the headers within 65536 bytes/,
};
for (const [text, why] of Object.entries(broken)) {
  test(`${JSON.stringify(text.slice(0, 50))} is no reply, and the reason is told`, () => {
    const reply = read(text);
    assert.equal(reply.state, "broken");
    assert.match(reply.state === "broken" ? reply.why : "", why);
  });
}
