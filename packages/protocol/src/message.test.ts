import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { codecOf, takesEmptyBody } from "./message.ts";
import type { Fields, Format, Method, Protocol, Shape } from "./descriptor.ts";
import { DriverError, RequestError } from "./plugin-error.ts";
import { networkDriver } from "./network-driver.ts";
import { pluginHandshake } from "./plugin-handshake.ts";
import { protocols } from "./protocols.ts";
import { volumeDriver } from "./volume-driver.ts";

const all: readonly Protocol[] = [pluginHandshake, ...Object.values(protocols)];
const methods = all.flatMap((protocol) => Object.values(protocol.methods));

test("every answer a descriptor allows comes back from JSON as it went in", () => {
  for (const method of methods) {
    const codec = codecOf(method);
    fc.assert(
      fc.property(messageOf(method.reply), (answer) => {
        const sent: unknown = JSON.parse(JSON.stringify(codec.answer(answer)));
        assert.deepEqual(encoded(codec.reply(sent)), encoded(answer), method.path);
      }),
      { numRuns: 30 },
    );
  }
});

test("a reply's keys are read in any case, as Go reads them", () => {
  for (const method of methods) {
    const codec = codecOf(method);
    fc.assert(
      fc.property(messageOf(method.reply), (answer) => {
        const sent: unknown = JSON.parse(JSON.stringify(codec.answer(answer)));
        assert.deepEqual(encoded(codec.reply(shouted(sent, method.reply))), encoded(answer), method.path);
      }),
      { numRuns: 15 },
    );
  }
});

test("a request of a later engine, with fields nobody knows, is taken", () => {
  for (const method of methods) {
    fc.assert(
      fc.property(messageOf(method.request), (request) => {
        const sent: unknown = { ...(encoded(request) as object), "x-later": { deep: [1] } };
        assert.doesNotThrow(() => codecOf(method).request(sent), method.path);
      }),
      { numRuns: 15 },
    );
  }
});

const create = codecOf(volumeDriver.methods.create);
const get = codecOf(volumeDriver.methods.get);

test("a wrong request is refused with the field and what stands there", () => {
  const wrong: [unknown, string][] = [
    [{ Name: 1 }, "VolumeDriver.Create: Name must be a string, got number"],
    [{ Name: null }, "VolumeDriver.Create: Name must be a string, got null"],
    [{}, "VolumeDriver.Create: Name must be a string, got nothing"],
    [{ name: "data" }, "VolumeDriver.Create: Name must be a string, got nothing"],
    [{ Name: "" }, "VolumeDriver.Create: Name must not be empty"],
    [[], "VolumeDriver.Create: the body must be an object, got a list"],
    ["x", 'VolumeDriver.Create: the body must be an object, got "x"'],
    [{ Name: "data", Opts: { size: 1 } }, 'VolumeDriver.Create: Opts["size"] must be a string, got number'],
    [{ Name: "data", Opts: [] }, "VolumeDriver.Create: Opts must be an object, got a list"],
  ];
  for (const [body, message] of wrong) {
    assert.throws(
      () => create.request(body),
      (error) => error instanceof RequestError && error.message === message,
      message,
    );
  }
});

test("null stands for a missing map, as Go writes it", () => {
  assert.deepEqual(create.request({ Name: "data", Opts: null }), { Name: "data" });
});

test("a key named __proto__ stays a key", () => {
  const request = create.request(JSON.parse('{"Name":"data","Opts":{"__proto__":"x"}}')) as { Opts: object };
  assert.deepEqual(Object.keys(request.Opts), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(request.Opts), Object.prototype);
});

test("an answer that would mislead the engine is refused before it is sent", () => {
  const mount = codecOf(volumeDriver.methods.mount);
  const list = codecOf(volumeDriver.methods.list);
  const wrong: [() => unknown, RegExp][] = [
    [() => mount.answer(undefined), /Mountpoint must be a string, got nothing/],
    [() => mount.answer({ Mountpoint: "" }), /Mountpoint must be an absolute path, got ""/],
    [() => mount.answer({ Mountpoint: "data/x" }), /Mountpoint must be an absolute path, got "data\/x"/],
    [
      () => get.answer({ Volume: { Name: "data", CreatedAt: "" } }),
      /Volume.CreatedAt must be an RFC 3339 time, got ""/,
    ],
    [
      () => get.answer({ Volume: { Name: "data", CreatedAt: "2023-02-29T00:00:00Z" } }),
      /must be an RFC 3339 time, got "2023-02-29/,
    ],
    [
      () => list.answer({ Volumes: [{ Name: "a" }, { Name: 1 }] }),
      /the driver's answer: Volumes\[1\].Name must be a string, got number/,
    ],
    [() => get.answer({ Volume: { Name: "data", Status: [] } }), /Volume.Status must be an object, got a list/],
    [() => get.answer("data"), /the body must be an object, got "data"/],
  ];
  for (const [answer, message] of wrong)
    assert.throws(answer, (error) => error instanceof DriverError && message.test(error.message));
});

test("an answer is a copy: the driver's own record is not changed", () => {
  const record = Object.freeze({ Volume: Object.freeze({ Name: "data", Mountpoint: undefined, Secret: "x" }) });
  assert.deepEqual(get.answer(record), { Volume: { Name: "data" } });
});

test("gaps of a reply are Go's zero values, null changes nothing, the last of two keys wins", () => {
  const list = codecOf(volumeDriver.methods.list);
  assert.deepEqual(list.reply(null), {});
  assert.deepEqual(list.reply({ Volumes: null }), {});
  assert.deepEqual(get.reply({ volume: {} }), { Volume: { Name: "" } });
  assert.deepEqual(get.reply({ Volume: { Name: "a", NAME: "b", name: null } }), { Volume: { Name: "b" } });
  assert.deepEqual(codecOf(protocols.authz.methods.authZReq).reply({ allow: true }), { Allow: true });
});

test("List and the calls without fields do without a body, calls with a name do not", () => {
  assert.equal(takesEmptyBody(volumeDriver.methods.list), true);
  assert.equal(takesEmptyBody(pluginHandshake.methods.activate), true);
  assert.equal(takesEmptyBody(volumeDriver.methods.create), false);
  assert.equal(takesEmptyBody(protocols.authz.methods.authZReq), false);
});

function messageOf(fields: Fields): fc.Arbitrary<object> {
  const requiredKeys = Object.keys(fields).filter((key) => fields[key]?.optional !== true);
  const values = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, valueOf(field)]));
  return fc.record(values, { requiredKeys, noNullPrototype: true });
}

function valueOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case "string":
      if (shape.oneOf !== undefined) return fc.constantFrom(...shape.oneOf);
      if (shape.format !== undefined) return fc.constantFrom(...examples[shape.format]);
      return fc.string({ minLength: shape.nonEmpty === true ? 1 : 0 });
    case "time":
      return fc.constantFrom("0001-01-01T00:00:00Z", "2026-02-28T23:59:59.999999999+01:00");
    case "integer":
      return fc.integer();
    case "boolean":
      return fc.boolean();
    case "bytes":
      return fc.uint8Array();
    case "json":
      return fc.constantFrom({}, { deep: [{ a: 1 }] });
    case "list":
      return fc.array(valueOf(shape.of), { maxLength: 3 });
    case "map":
      return fc.dictionary(fc.string(), valueOf(shape.of), { maxKeys: 3, noNullPrototype: true });
    case "object":
      return messageOf(shape.fields);
  }
}

const examples: Record<Format, string[]> = {
  "absolute-path": ["/", "/var/lib/x y"],
  cidr: ["10.0.0.1/8", "::/0"],
  "cidr-or-empty": ["", "10.0.0.1/32"],
  ip: ["10.0.0.1", "fe80::1"],
  "ip-or-empty": ["", "10.0.0.1"],
  mac: ["02:42:0a:01:02:03"],
  "mac-or-empty": ["", "02-42-0A-01-02-03"],
};

/** A message as it would stand in JSON: bytes as base64, -0 as 0. */
function encoded(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(encoded);
  if (typeof value !== "object" || value === null) return value === 0 ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encoded(item)]));
}

/** The same reply with every known key in capitals. */
function shouted(value: unknown, fields: Fields): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => {
      const field = fields[key];
      if (field === undefined) return [key, item];
      return [key.toUpperCase(), field.type === "object" ? shouted(item, field.fields) : item];
    }),
  );
}

test("each method is described once, under the path and verb its name gives", () => {
  const paths = methods.map((method: Method) => method.path);
  assert.equal(new Set(paths).size, paths.length);
  for (const protocol of all) {
    for (const [verb, method] of Object.entries(protocol.methods)) {
      const rpc = method.path.slice(method.path.indexOf(".") + 1);
      assert.equal(verb.toLowerCase(), rpc.toLowerCase());
    }
  }
});

test("a node that leaves is described as one that joins", () => {
  for (const method of [networkDriver.methods.discoverNew, networkDriver.methods.discoverDelete]) {
    const codec = codecOf(method);
    const request = { DiscoveryType: 1, DiscoveryData: { Address: "10.0.0.7", BindAddress: "", Self: false } };
    assert.deepEqual(codec.request(structuredClone(request)), request);
    assert.throws(
      () => codec.request({ DiscoveryType: 1, DiscoveryData: { Address: 7 } }),
      /DiscoveryData\.Address must be a string/,
    );
  }
});

test("what the engine sends without a body has no fields, and only that", () => {
  for (const method of methods) {
    assert.equal(method.emptyBody !== undefined, Object.keys(method.request).length === 0, method.path);
  }
});
