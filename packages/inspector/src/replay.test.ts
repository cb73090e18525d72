import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type PluginConnection } from "@outrigger/engine";
import { definePlugin, serve, type Drivers } from "@outrigger/plugin";
import { answering, rawPlugin, reply, request, stage } from "../test/stage.ts";
import type { CallRecord } from "./call-record.ts";
import { differencesBetween } from "./differences.ts";
import { matchRules } from "./match-rules.ts";
import { replay, type ReplayedCall, type ReplayOptions } from "./replay.ts";

test("times and mountpoints may differ, everything else is told", async () => {
  await using plugin = await served({
    VolumeDriver: {
      ...volumes,
      get: ({ Name }) => ({
        Volume: { Name, Mountpoint: `/srv/${Name}`, CreatedAt: "2026-05-05T05:05:05Z", Status: { a: 1 } },
      }),
      list: () => ({
        Volumes: [
          { Name: "b", Mountpoint: "" },
          { Name: "a", Mountpoint: "" },
        ],
      }),
    },
  });
  const Volume = { Name: "data", Mountpoint: "/mnt/data", CreatedAt: "2020-01-01T00:00:00Z", Err: "" };
  const [get, list, renamed] = await play(plugin.connection, [
    call("VolumeDriver.Get", { Name: "data" }, { Volume }),
    call("VolumeDriver.List", {}, { Volumes: [{ Name: "a" }, { Name: "b" }] }),
    call("VolumeDriver.Get", { Name: "data" }, { Volume: { ...Volume, Name: "other", Mountpoint: "" } }),
  ]);
  assert.deepEqual([get?.outcome, list?.outcome], ["same", "same"]);
  assert.deepEqual(renamed?.differences, [
    { field: "Volume.Name", recorded: "other", replayed: "data" },
    { field: "Volume.Mountpoint", recorded: "", replayed: "/srv/data" },
  ]);
});

test("a status, an error and a lost answer are differences, and --ignore leaves a field out", async () => {
  await using plugin = await served({ VolumeDriver: volumes });
  const recorded = [
    call("VolumeDriver.Remove", { Name: "gone" }, {}),
    {
      ...call("VolumeDriver.Remove", { Name: "gone" }, { Err: 'no volume "gone" in /srv/x-0123456789ab' }),
      status: 500,
    },
    { ...call("VolumeDriver.Remove", { Name: "gone" }, { Err: "in use" }), status: 500 },
  ];
  const [status, same, words] = await play(plugin.connection, recorded);
  assert.deepEqual(status?.differences[0], { field: "status", recorded: 200, replayed: 500 });
  assert.equal(same?.outcome, "same");
  assert.deepEqual(
    words?.differences.map(({ field }) => field),
    ["Err"],
  );
  const ignoring = await play(plugin.connection, recorded, { ignore: ["Err", "status"] });
  assert.deepEqual(
    ignoring.map(({ outcome }) => outcome),
    ["same", "same", "same"],
  );
});

test("what the plugin chose is what later requests carry", async () => {
  const seen: string[] = [];
  await using plugin = await served({
    IpamDriver: {
      getDefaultAddressSpaces: () => ({ LocalDefaultAddressSpace: "here", GlobalDefaultAddressSpace: "here" }),
      requestPool: ({ AddressSpace }) => {
        seen.push(AddressSpace);
        return { PoolID: "pool-9", Pool: "10.9.0.0/24" };
      },
      releasePool: () => {},
      requestAddress: ({ PoolID }) => {
        seen.push(PoolID);
        return { Address: "10.9.0.7/24" };
      },
      releaseAddress: ({ PoolID, Address }) => void seen.push(PoolID, Address),
    },
  });
  const results = await play(plugin.connection, [
    call("IpamDriver.GetDefaultAddressSpaces", undefined, {
      LocalDefaultAddressSpace: "LocalDefault",
      GlobalDefaultAddressSpace: "x",
    }),
    call(
      "IpamDriver.RequestPool",
      { AddressSpace: "LocalDefault", Pool: "", SubPool: "", V6: false },
      { PoolID: "p1", Pool: "10.1.0.0/24", Data: { a: "b" } },
    ),
    call("IpamDriver.RequestAddress", { PoolID: "p1", Address: "" }, { Address: "10.1.0.2/24" }),
    call("IpamDriver.ReleaseAddress", { PoolID: "p1", Address: "10.1.0.2" }, {}),
  ]);
  assert.deepEqual(
    results.map(({ outcome, differences }) => [outcome, differences]),
    Array.from({ length: 4 }, () => ["same", []]),
  );
  assert.deepEqual(seen, ["here", "pool-9", "pool-9", "10.9.0.7"]);
});

test("what was taken out is sent as a placeholder that the plugin can read, and said", async () => {
  const bodies: string[] = [];
  await using plugin = await served({
    authz: {
      authZReq: ({ RequestBody }) => {
        bodies.push(Buffer.from(RequestBody ?? []).toString());
        return { Allow: true };
      },
      authZRes: () => ({ Allow: true }),
    },
  });
  const [result] = await play(plugin.connection, [
    call(
      "AuthZPlugin.AuthZReq",
      { RequestMethod: "POST", RequestUri: "/x", RequestBody: "[redacted]", RequestHeaders: "[redacted]" },
      { Allow: true },
    ),
  ]);
  assert.deepEqual([result?.outcome, result?.redacted], ["same", true]);
  assert.deepEqual(bodies, ["[redacted]"]);
});

test("calls that cannot be sent are skipped with the reason, and those without an answer are not compared", async () => {
  await using plugin = await served({ VolumeDriver: volumes });
  const results = await play(plugin.connection, [
    { ...call("", {}, {}), method: "not a/method" },
    { ...call("VolumeDriver.Remove", {}, {}), request: { json: {}, bytes: 100_000, cut: true } },
    { ...call("VolumeDriver.List", {}, {}), reply: null, status: null },
    { ...call("VolumeDriver.List", {}, {}), reply: { json: {}, bytes: 100_000, cut: true } },
  ]);
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ["skipped", "skipped", "same", "same"],
  );
  for (const { note } of results) assert.ok(note);
});

test("an empty body is sent as one, and text as it is", async () => {
  await using place = await stage();
  await using plugin = await rawPlugin(place.path, answering(reply("{}")));
  await using connection = await connect(`unix://${place.path}`);
  await play(connection, [
    { ...call("VolumeDriver.Create", {}, {}), request: { bytes: 0 } },
    { ...call("VolumeDriver.Create", {}, {}), request: { text: "{oops", bytes: 5 } },
  ]);
  const sent = plugin.received().toString();
  assert.match(sent, /Content-Length: 0\r\n/);
  assert.match(sent, /\r\n\r\n\{oops$/);
  assert.ok(sent.startsWith(request("VolumeDriver.Create").slice(0, 30)));
});

for (const [title, answer] of [
  ["garbage", "hello\r\n\r\n"],
  ["an answer without end", `HTTP/1.1 200 OK\r\n\r\n{"Volumes":[${'"x",'.repeat(50_000)}`],
  ["nothing", ""],
] as const) {
  test(`a plugin that answers ${title} is a difference, and the next call is sent all the same`, async () => {
    await using place = await stage();
    await using _plugin = await rawPlugin(place.path, (socket) => void socket.once("data", () => socket.end(answer)));
    await using connection = await connect(`unix://${place.path}`, { maxReplyBytes: 65_536 });
    const results = await play(connection, [call("VolumeDriver.List", {}, {}), call("VolumeDriver.List", {}, {})]);
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ["different", "different"],
    );
  });
}

test("a plugin that is not there ends the replay", async () => {
  await using place = await stage();
  await using connection = await connect(`unix://${place.path}`);
  await assert.rejects(play(connection, [call("VolumeDriver.List", {}, {})]), { code: "unreachable" });
});

test("each rule matches what it is for, and not everything", () => {
  const samples = {
    time: ["2020-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00", "now"],
    path: ["/a", "/b/c", "b"],
    chosen: ["a", "b", ""],
    text: ["no /srv/a at 10.0.0.1:80 after 3 s", "no /mnt/b at 10.0.0.2:90 after 1.5 s", "another word"],
    anything: ["a", { b: 1 }, undefined],
  } as const;
  for (const { method, field, as, reason } of matchRules) {
    assert.ok(reason);
    const [recorded, alike, other] = samples[as].map((value) => place(field.split("."), value));
    const compare = (replayed: unknown): number =>
      differencesBetween(recorded, replayed, { method, ignore: [], onChosen: () => {} }).length;
    assert.equal(compare(alike), 0, `${method} ${field}`);
    if (as !== "anything") assert.ok(compare(other) > 0, `${method} ${field}`);
  }
});

function place([step, ...rest]: readonly string[], value: unknown): unknown {
  if (step === undefined) return value;
  return step === "*" ? [place(rest, value)] : { [step]: place(rest, value) };
}

const volumes: NonNullable<Drivers["VolumeDriver"]> = {
  create: () => {},
  remove: ({ Name }) => {
    throw new Error(`no volume "${Name}" in /mnt/y-ba9876543210`);
  },
  path: () => ({ Mountpoint: "/x" }),
  mount: () => ({ Mountpoint: "/x" }),
  unmount: () => {},
  get: ({ Name }) => ({ Volume: { Name } }),
  list: () => ({ Volumes: [] }),
};

interface Served extends AsyncDisposable {
  readonly connection: PluginConnection;
}

async function served(drivers: Drivers): Promise<Served> {
  const place = await stage();
  const serving = await serve(definePlugin({ name: "example", drivers }), {
    listen: { unix: place.path },
    signals: false,
  });
  const connection = await connect(`unix://${place.path}`);
  return {
    connection,
    [Symbol.asyncDispose]: async () => {
      await connection[Symbol.asyncDispose]();
      await serving[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

async function play(
  connection: PluginConnection,
  records: readonly CallRecord[],
  options?: ReplayOptions,
): Promise<ReplayedCall[]> {
  async function* lines(): AsyncGenerator<{ line: number; record: CallRecord }> {
    for (const [index, record] of records.entries()) yield { line: index + 2, record };
  }
  return await Array.fromAsync(replay(lines(), connection, options));
}

function call(method: string, asked: unknown, answered: unknown): CallRecord {
  return {
    version: 1,
    number: 1,
    at: "2026-01-01T00:00:00.000Z",
    plugin: "example",
    method,
    request: asked === undefined ? { bytes: 0 } : { json: asked, bytes: 2 },
    reply: { json: answered, bytes: 2 },
    status: 200,
    error: null,
    milliseconds: 1,
    deadlineMs: 5000,
  };
}
