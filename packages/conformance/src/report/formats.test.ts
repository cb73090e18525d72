import assert from "node:assert/strict";
import { test } from "node:test";
import type { CaseResult, RunResult } from "../run.ts";
import { jsonReport, junitReport, tapReport } from "./formats.ts";
import { conforms, summaryOf } from "./summary.ts";

const base = {
  protocol: "VolumeDriver",
  title: "Create # of <volumes> & \\more",
  message: "",
  rule: "moby/moby daemon/volume/drivers/proxy.go",
  exchanges: [],
  left: [],
} as const;

const cases: readonly CaseResult[] = [
  { ...base, id: "VOL-04", severity: "MUST", status: "passed" },
  { ...base, id: "VOL-05", severity: "MUST", status: "failed", message: 'said "no"\nand\u0000 more' },
  { ...base, id: "VOL-07", severity: "SHOULD", status: "failed", message: "created" },
  { ...base, id: "VOL-08", severity: "MUST", status: "skipped", message: "needs root" },
];

function run(chosen: readonly CaseResult[] = cases, interrupted = false): RunResult {
  return { address: "unix:///x.sock", protocols: ["VolumeDriver"], cases: chosen, left: [], interrupted };
}

test("the JSON report has the shape that is promised", () => {
  const report = jsonReport(run(), { plugin: "x" });
  assert.deepEqual(Object.keys(report), ["plugin", "address", "protocols", "summary", "cases", "left"]);
  assert.deepEqual(report, {
    plugin: "x",
    address: "unix:///x.sock",
    protocols: ["VolumeDriver"],
    summary: { passed: 1, failed: 2, skipped: 1 },
    cases: cases.map(({ id, severity, status, message }) => ({
      id,
      protocol: base.protocol,
      severity,
      status,
      title: base.title,
      message,
      rule: base.rule,
    })),
    left: [],
  });
});

test("TAP marks what does not count as TODO, what was skipped as SKIP, and keeps titles to a line", () => {
  const lines = tapReport(run(), { plugin: "x" }).split("\n");
  assert.deepEqual(
    lines.filter((line) => /^\d|ok|TAP/.test(line)),
    [
      "TAP version 14",
      "1..4",
      String.raw`ok 1 - VOL-04 Create \# of <volumes> & \\more`,
      String.raw`not ok 2 - VOL-05 Create \# of <volumes> & \\more`,
      String.raw`not ok 3 - VOL-07 Create \# of <volumes> & \\more # TODO a SHOULD`,
      String.raw`ok 4 - VOL-08 Create \# of <volumes> & \\more # SKIP needs root`,
    ],
  );
});

test("JUnit counts failures as the exit code does, and holds any text", () => {
  const xml = junitReport(run(), { plugin: '"x"' });
  assert.match(xml, /<testsuites name="&#34;x&#34;">/);
  assert.match(xml, /tests="4" failures="1" skipped="2"/);
  assert.match(xml, /<failure message="said &#34;no&#34;&#10;and\ufffd more">/);
  assert.match(junitReport(run(), { plugin: "x", strict: true }), /failures="2" skipped="1"/);
  assert.match(junitReport(run(), { plugin: "x", allowed: new Set(["VOL-05"]) }), /failures="0" skipped="3"/);
});

test("a MUST decides; a SHOULD where that is asked for; nothing that is allowed", () => {
  const [passed, must, should, skipped] = cases as [CaseResult, CaseResult, CaseResult, CaseResult];
  assert.equal(conforms(run()), false);
  assert.equal(conforms(run([passed, should])), true);
  assert.equal(conforms(run([passed, should]), { strict: true }), false);
  assert.equal(conforms(run([passed, must]), { allowed: new Set(["VOL-05"]) }), true);
  assert.equal(conforms(run([passed], true)), false, "an interrupted run judged too little");
  assert.equal(conforms(run([skipped])), false, "a run that judged nothing says nothing");
  assert.deepEqual(summaryOf(cases, { allowed: new Set(["VOL-05"]) }), {
    passed: 1,
    failed: 2,
    skipped: 1,
    allowed: 1,
  });
});
