import assert from "node:assert/strict";
import { test } from "node:test";
import { idsOf, judge, serveModel } from "../test/model.ts";

const activate = { "Plugin.Activate": () => ({ Implements: ["VolumeDriver"] }) };

test("a plugin that keeps the rules passes", async () => {
  await using model = await serveModel(activate);
  const result = await judge(model.address, { only: ["HS-01", "HS-02"] });
  assert.deepEqual(idsOf(result, "passed"), ["HS-01", "HS-02"]);
  assert.deepEqual(result.protocols, ["VolumeDriver"]);
});

test("a plugin without a protocol of Docker is judged by what all plugins share", async () => {
  await using model = await serveModel({ "Plugin.Activate": () => ({ Implements: ["volumedriver"] }) });
  const result = await judge(model.address, { only: ["HS-01", "HS-02"] });
  assert.deepEqual(idsOf(result, "failed"), ["HS-02"]);
  assert.match(
    result.cases[1]?.message ?? "",
    /Implements is \["volumedriver"\]; none of these is one of VolumeDriver,/,
  );
});

test("a failed case shows the bytes that went over the wire", async () => {
  await using model = await serveModel({ "Plugin.Activate": () => ({ Implements: ["nothing"] }) });
  const { cases } = await judge(model.address, { only: ["HS-02"] });
  const [exchange] = cases[0]?.exchanges ?? [];
  assert.match(
    exchange?.sent.toString() ?? "",
    /^POST \/Plugin\.Activate HTTP\/1\.1\r\nHost: plugin\.moby\.localhost\r\n/,
  );
  assert.match(exchange?.received.toString() ?? "", /^HTTP\/1\.1 200 OK\r\n[^]*\{"Implements":\["nothing"\]\}/);
});

test("cases are chosen by id or by the beginning of it", async () => {
  await using model = await serveModel(activate);
  const only = (await judge(model.address, { only: ["HS"], except: ["HS-02"] })).cases.map(({ id }) => id);
  assert.ok(only.includes("HS-01") && !only.includes("HS-02") && only.every((id) => id.startsWith("HS-")));
});

test("where nothing answers the handshake, nothing is judged and the reason is thrown", async () => {
  await assert.rejects(judge("unix:///nonexistent/x.sock"), /was not activated: .*nonexistent/);
});
