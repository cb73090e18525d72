import assert from "node:assert/strict";
import { test } from "node:test";
import { serveForTest, volumePlugin } from "../test/fixture.ts";
import { createMetrics } from "./metrics.ts";

/** The samples of a metrics text by their name and labels. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

test("metrics count calls, failures, calls in flight and durations for each method", async () => {
  const metrics = createMetrics();
  const finish = Promise.withResolvers<void>();
  await using plugin = await serveForTest(volumePlugin({ create: () => finish.promise }), { hooks: metrics });
  await plugin.call("VolumeDriver.Mount", { Name: "a", ID: "1" });
  await plugin.call("VolumeDriver.Mount", { Name: "a" });
  await plugin.call('Hostile"} 1\n', {});
  await using client = await plugin.connect();
  client.call("VolumeDriver.Create", { Name: "a" });
  await plugin.call("VolumeDriver.List", {});

  const samples = samplesOf(metrics.text("test"));
  const of = (name: string, method: string, more = ""): number | undefined =>
    samples.get(`outrigger_${name}{plugin="test",method="${method}"${more}}`);
  assert.equal(of("calls_total", "VolumeDriver.Mount"), 2);
  assert.equal(of("call_errors_total", "VolumeDriver.Mount"), 1);
  assert.equal(of("calls_in_flight", "VolumeDriver.Mount"), 0);
  assert.equal(of("calls_in_flight", "VolumeDriver.Create"), 1);
  assert.equal(of("call_duration_seconds_bucket", "VolumeDriver.Mount", ',le="+Inf"'), 2);
  assert.equal(of("call_duration_seconds_count", "VolumeDriver.Mount"), 2);
  assert.ok((of("call_duration_seconds_sum", "VolumeDriver.Mount") ?? 0) > 0);
  finish.resolve();
  await client.answer();
  assert.equal(samplesOf(metrics.text()).get('outrigger_calls_in_flight{method="VolumeDriver.Create"}'), 0);
});

test("buckets are cumulative and a call beyond the last is in none but +Inf", () => {
  const metrics = createMetrics();
  for (const milliseconds of [0.5, 4, 200_000]) {
    metrics.onCallEnd?.({
      path: "x",
      method: undefined,
      status: 200,
      milliseconds,
      engineMs: 1,
      requestBytes: 0,
      answerBytes: 0,
    });
  }
  const samples = samplesOf(metrics.text());
  const bucket = (le: string): number | undefined =>
    samples.get(`outrigger_call_duration_seconds_bucket{method="unknown",le="${le}"}`);
  assert.deepEqual([bucket("0.001"), bucket("0.005"), bucket("120"), bucket("+Inf")], [1, 2, 2, 3]);
});

test("each metric has one HELP and one TYPE line before its samples", () => {
  const metrics = createMetrics();
  metrics.onCallStart?.("VolumeDriver.List");
  const lines = metrics.text().split("\n");
  assert.equal(lines.at(-1), "");
  const families = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ").slice(2));
  assert.deepEqual(families, [
    ["outrigger_calls_total", "counter"],
    ["outrigger_call_errors_total", "counter"],
    ["outrigger_calls_in_flight", "gauge"],
    ["outrigger_call_duration_seconds", "histogram"],
  ]);
});
