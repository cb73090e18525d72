import assert from "node:assert/strict";
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stage } from "../test/stage.ts";
import type { CallRecord } from "./call-record.ts";
import { isHeader, readRecording } from "./read-recording.ts";
import { openRecording } from "./recording.ts";

const header = { madeAt: "2026-01-01T00:00:00.000Z", plugins: ["example"], secrets: "redacted" } as const;

test("what was recorded is read again, and a file is gone on with", async () => {
  await using place = await stage();
  const file = join(place.folder, "calls.jsonl");
  for (const numbers of [[1, 2], [3]]) {
    using recording = await openRecording(file, header);
    for (const number of numbers) recording.add(call(number));
  }
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const lines = await Array.fromAsync(readRecording(file));
  assert.deepEqual(
    lines.map(({ line, record }) => [line, isHeader(record) ? record.secrets : record.number]),
    [
      [1, "redacted"],
      [2, 1],
      [3, 2],
      [4, "redacted"],
      [5, 3],
    ],
  );
  assert.deepEqual(lines[1]?.record, call(1));
});

test("a line that was cut off is left out by who reads, and taken away by who goes on, wherever it was cut", async () => {
  await using place = await stage();
  const whole = join(place.folder, "whole.jsonl");
  {
    using recording = await openRecording(whole, header);
    recording.add(call(1));
    recording.add(call(2));
  }
  const text = readFileSync(whole);
  const second = text.lastIndexOf(10, text.length - 2) + 1;
  for (let length = second + 1; length < text.length; length += 41) {
    const file = join(place.folder, `${length}.jsonl`);
    writeFileSync(file, text);
    truncateSync(file, length);
    const cutOff: number[] = [];
    assert.equal((await Array.fromAsync(readRecording(file, (line) => cutOff.push(line)))).length, 2);
    assert.deepEqual(cutOff, [3]);
    using recording = await openRecording(file, header);
    assert.equal(recording.mended, length - second);
    recording.add(call(3));
    const records = (await Array.fromAsync(readRecording(file))).map(({ record }) => record);
    assert.deepEqual(
      records.filter((one) => !isHeader(one)),
      [call(1), call(3)],
    );
  }
});

test("a file that is no recording is left alone", async () => {
  await using place = await stage();
  const file = join(place.folder, "notes.txt");
  for (const text of ["buy milk", "{}\n", '{"outriggerRecording":2}\n']) {
    writeFileSync(file, text);
    await assert.rejects(openRecording(file, header), { name: "InspectorError" });
    assert.equal(readFileSync(file, "utf8"), text);
  }
});

test("what is not a file is not recorded into", async () => {
  await assert.rejects(openRecording("/dev/null", header), { code: "bad-recording", message: /is not a file/ });
});

test("two do not record into one file", async () => {
  await using place = await stage();
  const file = join(place.folder, "calls.jsonl");
  using _first = await openRecording(file, header);
  await assert.rejects(openRecording(file, header), { code: "unavailable", message: /recorded into already/ });
});

const good = '{"outriggerRecording":1,"madeAt":"","plugins":[],"secrets":"redacted"}';

for (const [title, lines, error] of [
  ["an empty file", [], /is empty/],
  ["another first line", ['{"version":1}'], /:1: is not the beginning of a recording/],
  ["a newer recording", ['{"outriggerRecording":2}'], /:1: is of version 2, and this outrigger knows version 1/],
  ["a newer call", [good, '{"version":7}'], /:2: is of version 7/],
  ["a line that is no JSON", [good, "{oops"], /:2: is not JSON; remove the line/],
  ["a line that is no call", [good, JSON.stringify({ ...call(1), status: "200" })], /:2: is not a call: status/],
  ["a request without a size", [good, JSON.stringify({ ...call(1), request: {} })], /:2: is not a call: request.bytes/],
  [
    "a later session of a newer one",
    [good, JSON.stringify(call(1)), '{"outriggerRecording":9}'],
    /:3: is of version 9/,
  ],
] as const) {
  test(`${title} is refused with its place`, async () => {
    await using place = await stage();
    const file = join(place.folder, "calls.jsonl");
    writeFileSync(file, "");
    for (const line of lines) appendFileSync(file, `${line}\n`);
    await assert.rejects(Array.fromAsync(readRecording(file)), { name: "InspectorError", message: error });
  });
}

function call(number: number): CallRecord {
  return {
    version: 1,
    number,
    at: "2026-01-01T00:00:00.000Z",
    plugin: "example",
    method: "VolumeDriver.Get",
    request: { json: { Name: "data" }, bytes: 15 },
    reply: { json: { Volume: { Name: "data" } }, bytes: 26, cut: true },
    status: 200,
    error: null,
    milliseconds: 1.5,
    deadlineMs: null,
  };
}
