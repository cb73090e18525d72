import assert from "node:assert/strict";
import { test } from "node:test";
import { DriverError, type ipamDriver } from "@outrigger/protocol";
import fc from "fast-check";
import { volumeDriverWith, volumePlugin } from "../test/fixture.ts";
import type { TextAnswer } from "./answer.ts";
import { definePlugin, type Driver, type Plugin } from "./define-plugin.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { CallRecord } from "./hooks.ts";
import { RunningCall } from "./running-call.ts";

/** One call, its answer decoded. */
async function call(
  target: Plugin | Dispatcher,
  path: string,
  body: unknown,
): Promise<{ status: number; reply: unknown }> {
  const dispatcher = target instanceof Dispatcher ? target : new Dispatcher(target);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const answer = await answerOf(dispatcher.dispatch(path, bytes));
  return { status: answer.status, reply: JSON.parse(answer.body) };
}

async function answerOf(answer: ReturnType<Dispatcher["dispatch"]>): Promise<TextAnswer> {
  const given = answer instanceof RunningCall ? await answer.answered : answer;
  assert.ok(given !== undefined && "body" in given);
  return given;
}

test("Activate names the plugin's protocols", async () => {
  const plugin = definePlugin({ name: "two", drivers: { VolumeDriver: volumeDriverWith(), IpamDriver: ipam() } });
  for (const body of ["", "{}", '{"x":[1]}', "null "]) {
    const answer = await call(plugin, "Plugin.Activate", body);
    if (body === "null ") assert.equal(answer.status, 400);
    else assert.deepEqual(answer, { status: 200, reply: { Implements: ["VolumeDriver", "IpamDriver"] } });
  }
});

test("a driver that answers at once is answered at once", () => {
  assert.ok(!(new Dispatcher(volumePlugin()).dispatch("VolumeDriver.List", Buffer.from("{}")) instanceof RunningCall));
});

test("a driver may be an instance of a class, and keeps its this", async () => {
  class Volumes implements Driver<typeof ipamDriver> {
    readonly #pool = "10.0.0.0/8";
    getDefaultAddressSpaces = ipam().getDefaultAddressSpaces;
    requestAddress = ipam().requestAddress;
    releaseAddress(): void {}
    releasePool(): void {}
    requestPool(): { PoolID: string; Pool: string } {
      return { PoolID: "p", Pool: this.#pool };
    }
  }
  const plugin = definePlugin({ name: "ipam", drivers: { IpamDriver: new Volumes() } });
  const answer = await call(plugin, "IpamDriver.RequestPool", {
    AddressSpace: "x",
    Pool: "",
    SubPool: "",
    Options: null,
    V6: false,
  });
  assert.deepEqual(answer, { status: 200, reply: { PoolID: "p", Pool: "10.0.0.0/8" } });
});

const badBodies: readonly [what: string, body: string | Buffer, text: RegExp][] = [
  [
    "no body, as in the engine's repeated call",
    "",
    /^the request has no body, as when the engine repeats a call .* run the command again$/,
  ],
  ["malformed JSON", '{"Name":', /^the body is not one JSON value/],
  ["a secret in malformed JSON", '{"Name": hunter2}', /^the body is not one JSON value( at position \d+)?$/],
  ["two JSON values", '{"Name":"a"}{"Name":"b"}', /^the body is not one JSON value/],
  ["an array", "[]", /^the body must be an object, got a list$/],
  ["a string", '"x"', /^the body must be an object/],
  ["null", "null", /^the body must be an object, got null$/],
  ["a byte order mark", "\ufeff{}", /^the body is not one JSON value/],
  ["invalid UTF-8", Buffer.from('{"Name":"\xff"}', "latin1"), /^the body is not valid UTF-8/],
  ["a number for a name", '{"Name":3}', /^Name must be a string, got number$/],
  ["no name", "{}", /^Name must be a string, got nothing$/],
  ["an empty name", '{"Name":""}', /^Name must not be empty$/],
  ["a list of options", '{"Name":"a","Opts":[]}', /^Opts must be an object, got a list$/],
  ["a number among options", '{"Name":"a","Opts":{"size":3}}', /^Opts\["size"\] must be a string, got number$/],
  ["a name only on the prototype", '{"__proto__":{"Name":"a"}}', /^Name must be a string, got nothing$/],
  [
    "100,000 nested lists",
    `{"Name":"a","Opts":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    /^Opts must be an object|not one JSON value/,
  ],
  ["a million open brackets", "[".repeat(1_000_000), /^the body is not one JSON value/],
];
for (const [what, body, text] of badBodies) {
  test(`a body with ${what} is refused with 400 and does not reach the driver`, async () => {
    let reached = false;
    const plugin = volumePlugin({ create: () => void (reached = true) });
    const { status, reply } = await call(plugin, "VolumeDriver.Create", body);
    assert.equal(status, 400);
    assert.match((reply as { Err: string }).Err, text);
    assert.equal(reached, false);
  });
}

const goodBodies: readonly [what: string, body: string, seen: unknown][] = [
  ["unknown fields and a line end", '{"Name":"a","New":{"x":1}}\n', "a"],
  ["null for options", '{"Name":"a","Opts":null}', "a"],
  ["Go's escapes", '{"Name":"\\u003ca\\u003e\\u0026"}', "<a>&"],
  ["duplicate keys, of which the last counts", '{"Name":"a","Name":"b"}', "b"],
  ["hostile option names", '{"Name":"a","Opts":{"__proto__":"x","constructor":"y","toString":"z"}}', "a"],
  ["a lone surrogate", '{"Name":"\\ud800"}', "\ud800"],
];
for (const [what, body, seen] of goodBodies) {
  test(`a body with ${what} reaches the driver`, async () => {
    let name: unknown;
    const plugin = volumePlugin({ create: (request) => void (name = request.Name) });
    assert.deepEqual(await call(plugin, "VolumeDriver.Create", body), { status: 200, reply: {} });
    assert.equal(name, seen);
  });
}

test("a call whose fields may all be left out needs no body, as Podman sends List", async () => {
  assert.equal((await call(volumePlugin(), "VolumeDriver.List", "")).status, 200);
});

test("a method that no protocol has is 404 and names what the plugin implements", async () => {
  assert.deepEqual(await call(volumePlugin(), "VolumeDriver.Nope", {}), {
    status: 404,
    reply: { Err: 'there is no method "VolumeDriver.Nope"; this plugin implements VolumeDriver' },
  });
});

test("a method of another protocol is 404, under IpamDriver's key too", async () => {
  const Err = "not implemented; this plugin implements VolumeDriver";
  assert.deepEqual(await call(volumePlugin(), "IpamDriver.RequestPool", {}), {
    status: 404,
    reply: { Err, Error: Err },
  });
});

test("an optional method that the driver lacks is 404", async () => {
  assert.equal((await call(volumePlugin(), "VolumeDriver.Capabilities", {})).status, 404);
});

const thrown: readonly [what: string, error: unknown, text: string][] = [
  ["a DriverError", new DriverError("disk is full; remove a volume"), "disk is full; remove a volume"],
  ["any Error", new TypeError("x is undefined"), "x is undefined"],
  ["an error that repeats the method", new DriverError("VolumeDriver.Remove: in use"), "in use"],
  ["a string", "nope", "nope"],
  ["undefined", undefined, "undefined"],
  ["an empty error", new Error(""), "Error"],
  ["an empty string", "", "the driver failed without saying why"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  [
    "something that throws when shown",
    { toString: () => assert.fail() },
    "the driver threw something that cannot be shown",
  ],
  ["an object without a prototype", Object.create(null), "the driver threw something that cannot be shown"],
];
for (const [what, error, Err] of thrown) {
  test(`a driver that throws or rejects with ${what} is answered with 500 and its text`, async () => {
    const thrower = (): never => {
      throw error;
    };
    const expected = { status: 500, reply: { Err } };
    assert.deepEqual(await call(volumePlugin({ remove: thrower }), "VolumeDriver.Remove", { Name: "a" }), expected);
    const rejecter = async (): Promise<never> => thrower();
    assert.deepEqual(await call(volumePlugin({ remove: rejecter }), "VolumeDriver.Remove", { Name: "a" }), expected);
  });
}

const answers: readonly [what: string, returned: unknown, text: RegExp][] = [
  ["nothing for Mount", undefined, /^the driver's answer: Mountpoint must be a string, got nothing$/],
  ["an empty Mountpoint", { Mountpoint: "" }, /Mountpoint must be an absolute path/],
  ["a relative Mountpoint", { Mountpoint: "data" }, /Mountpoint must be an absolute path/],
  ["a list", [], /must be an object/],
  ["a number", 7, /must be an object/],
  ["Go's Err key", { Mountpoint: "/x", Err: "no such disk" }, /^no such disk$/],
];
for (const [what, returned, text] of answers) {
  test(`a driver that answers ${what} has failed`, async () => {
    // As an author without types would.
    const mount = (): never => returned as never;
    const { status, reply } = await call(volumePlugin({ mount }), "VolumeDriver.Mount", { Name: "a", ID: "1" });
    assert.equal(status, 500);
    assert.match((reply as { Err: string }).Err, text);
  });
}

test("IpamDriver's failures carry both keys", async () => {
  const plugin = definePlugin({ name: "ipam", drivers: { IpamDriver: ipam() } });
  assert.deepEqual(await call(plugin, "IpamDriver.ReleasePool", { PoolID: "gone" }), {
    status: 500,
    reply: { Err: "no pool gone", Error: "no pool gone" },
  });
});

test("an authorization that fails, is malformed or answers nothing never reads as allowed", async () => {
  for (const decide of [
    () => undefined as never,
    () => ({ Allow: "true" as never }),
    () => ({ Err: "x", Allow: true }),
    () => assert.fail("x"),
  ]) {
    const plugin = definePlugin({
      name: "gate",
      drivers: { authz: { authZReq: decide, authZRes: () => ({ Allow: true }) } },
    });
    const answer = await call(plugin, "AuthZPlugin.AuthZReq", { RequestMethod: "GET", RequestUri: "/_ping" });
    assert.equal(answer.status, 500);
    assert.ok(!("Allow" in (answer.reply as object)));
    assert.equal((await call(plugin, "AuthZPlugin.AuthZReq", "")).status, 400);
    assert.equal((await call(plugin, "AuthZPlugin.AuthZReq", {})).status, 400);
  }
});

test("a call that outlasts its deadline is answered then, and its signal aborted", async () => {
  const aborted = Promise.withResolvers<unknown>();
  const plugin = volumePlugin({
    mount: (_, { signal }) => {
      signal.addEventListener("abort", () => aborted.resolve(signal.reason));
      return new Promise(() => {});
    },
  });
  const dispatcher = new Dispatcher(plugin, { callTimeoutMs: 100 });
  const { status, reply } = await call(dispatcher, "VolumeDriver.Mount", { Name: "a", ID: "1" });
  assert.equal(status, 500);
  assert.match((reply as { Err: string }).Err, /^still running after 0\.1 s; the engine waits 0\.1 s, so try again/);
  assert.match(String(await aborted.promise), /still running/);
});

const limits: readonly [path: string, callTimeoutMs: number | undefined, own: number][] = [
  ["VolumeDriver.Mount", undefined, 114_000],
  ["VolumeDriver.Get", undefined, 57_000],
  ["VolumeDriver.Mount", 30_000, 28_500],
  ["VolumeDriver.Get", 300_000, 57_000],
  ["IpamDriver.RequestPool", undefined, 57_000],
  ["IpamDriver.RequestPool", 300_000, 285_000],
];
for (const [path, callTimeoutMs, own] of limits) {
  test(`${path} has ${own / 1000} s where the engine waits ${callTimeoutMs ?? "its usual time"}`, async () => {
    let left = 0;
    const note = (_: unknown, call: { readonly deadline: number }): never => {
      left = call.deadline - Date.now();
      throw new Error("noted");
    };
    const plugin = definePlugin({
      name: "limits",
      drivers: {
        VolumeDriver: volumeDriverWith({ mount: note, get: note }),
        IpamDriver: { ...ipam(), requestPool: note },
      },
    });
    const request = { Name: "a", ID: "1", AddressSpace: "x", Pool: "", SubPool: "", Options: null, V6: false };
    await call(new Dispatcher(plugin, { callTimeoutMs }), path, request);
    assert.ok(left <= own && left > own - 1000, `${left} ms left`);
  });
}

test("what a driver does after its deadline is not answered again; its failure is not lost", async () => {
  const late = { fail: Promise.withResolvers<never>(), succeed: Promise.withResolvers<void>() };
  const lost: [unknown, string][] = [];
  const ends: CallRecord[] = [];
  const plugin = volumePlugin({ remove: ({ Name }) => (Name === "fail" ? late.fail : late.succeed).promise });
  const dispatcher = new Dispatcher(plugin, {
    callTimeoutMs: 20,
    hooks: [{ onLostError: (...args) => lost.push(args), onCallEnd: (record) => ends.push(record) }],
  });
  for (const Name of ["fail", "succeed"]) {
    assert.equal((await call(dispatcher, "VolumeDriver.Remove", { Name })).status, 500);
  }
  late.fail.reject(new Error("too late"));
  late.succeed.resolve();
  await dispatcher.drain();
  assert.deepEqual(
    lost.map(([error, path]) => [String(error), path]),
    [["Error: too late", "VolumeDriver.Remove"]],
  );
  assert.equal(ends.length, 2);
});

test("a driver that passes on why it was aborted has lost nothing", async () => {
  const lost: unknown[] = [];
  const plugin = volumePlugin({
    remove: ({ Name }, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(Name === "same" ? signal.reason : new Error("aborted", { cause: signal.reason }));
        });
      }),
  });
  const dispatcher = new Dispatcher(plugin, {
    callTimeoutMs: 20,
    hooks: [{ onLostError: (error) => lost.push(error) }],
  });
  for (const Name of ["same", "cause"]) await call(dispatcher, "VolumeDriver.Remove", { Name });
  await dispatcher.drain();
  assert.deepEqual(lost, []);
});

test("calls wait for a plugin that is not ready; Activate does not", async () => {
  const ready = Promise.withResolvers<void>();
  const plugin: Plugin = { ...volumePlugin(), ready: ready.promise };
  const dispatcher = new Dispatcher(plugin);
  const list = dispatcher.dispatch("VolumeDriver.List", Buffer.from("{}"));
  assert.ok(list instanceof RunningCall);
  assert.equal((await call(dispatcher, "Plugin.Activate", "")).status, 200);
  ready.resolve();
  assert.equal((await answerOf(list)).status, 200);
  assert.ok(!(dispatcher.dispatch("VolumeDriver.List", Buffer.from("{}")) instanceof RunningCall));
});

test("calls of a plugin that cannot start say why", async () => {
  const plugin: Plugin = { ...volumePlugin(), ready: Promise.reject(new Error("no pool")) };
  assert.deepEqual(await call(plugin, "VolumeDriver.List", {}), {
    status: 500,
    reply: { Err: "the plugin could not start: no pool" },
  });
});

test("a call that was given up while the plugin started does not run afterwards", async () => {
  const ready = Promise.withResolvers<void>();
  let created = 0;
  const plugin: Plugin = { ...volumePlugin({ create: () => void created++ }), ready: ready.promise };
  const dispatcher = new Dispatcher(plugin, { callTimeoutMs: 20 });
  assert.equal((await call(dispatcher, "VolumeDriver.Create", { Name: "a" })).status, 500);
  ready.resolve();
  assert.equal((await call(dispatcher, "VolumeDriver.Create", { Name: "b" })).status, 200);
  assert.equal(created, 1);
});

test("hooks see each call with what it took, and one that throws disturbs nobody", async () => {
  const seen: CallRecord[] = [];
  let activations = 0;
  const dispatcher = new Dispatcher(volumePlugin(), {
    hooks: [
      { onCallEnd: () => assert.fail("a broken hook"), onActivate: () => void activations++ },
      { onCallEnd: (record) => seen.push(record) },
    ],
  });
  await call(dispatcher, "Plugin.Activate", "");
  await call(dispatcher, "VolumeDriver.Mount", { Name: "a", ID: "1" });
  await call(dispatcher, "VolumeDriver.Mount", { Name: "a" });
  await call(dispatcher, "Nope", {});
  const [activate, mounted, failed, unknown] = seen;
  assert.equal(activations, 1);
  assert.deepEqual(activate?.reply, { Implements: ["VolumeDriver"] });
  assert.equal(mounted?.method?.path, "VolumeDriver.Mount");
  assert.deepEqual(mounted?.request, { Name: "a", ID: "1" });
  assert.deepEqual(mounted?.reply, { Mountpoint: "/mnt/a" });
  assert.equal(mounted?.engineMs, 120_000);
  assert.deepEqual([mounted?.requestBytes, mounted?.answerBytes], [21, 23]);
  assert.ok((mounted?.milliseconds ?? -1) >= 0);
  assert.deepEqual(
    [failed?.status, String(failed?.error)],
    [400, "RequestError: VolumeDriver.Mount: ID must be a string, got nothing"],
  );
  assert.deepEqual([unknown?.status, unknown?.method], [404, undefined]);
});

test("no body makes the dispatcher throw, and every failure carries Err", async () => {
  const dispatcher = new Dispatcher(volumePlugin());
  const paths = [
    "Plugin.Activate",
    "VolumeDriver.Create",
    "VolumeDriver.Mount",
    "VolumeDriver.Get",
    "VolumeDriver.List",
  ];
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .record({ Name: fc.string({ unit: "binary" }), ID: fc.anything(), Opts: fc.anything() })
      .map((value) => Buffer.from(toJson(value))),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), bodies, async (path, body) => {
      const { status, reply } = await call(dispatcher, path, body);
      assert.ok(typeof reply === "object" && reply !== null && !Array.isArray(reply));
      if (status !== 200) assert.ok("Err" in reply && typeof reply.Err === "string" && reply.Err !== "");
    }),
    { numRuns: 30 },
  );
});

function toJson(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => (typeof field === "bigint" ? String(field) : field)) ?? "null";
}

function ipam(): Driver<typeof ipamDriver> {
  return {
    getDefaultAddressSpaces: () => ({ LocalDefaultAddressSpace: "l", GlobalDefaultAddressSpace: "g" }),
    requestPool: () => ({ PoolID: "p", Pool: "10.0.0.0/8" }),
    releasePool: ({ PoolID }) => {
      throw new DriverError(`no pool ${PoolID}`);
    },
    requestAddress: () => ({ Address: "10.0.0.1/8" }),
    releaseAddress: () => {},
  };
}
