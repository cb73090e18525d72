import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { failure } from "../test/failure.ts";
import { answer, rawPlugin, type Respond } from "../test/raw-plugin.ts";
import { connect, type ConnectOptions, type PluginConnection } from "./connect.ts";
import { ActivationError, CallError } from "./engine-error.ts";

const ok: Respond = () => answer({});
const silent: Respond = () => undefined;

/** Calls once and returns the bytes of the request. */
async function bytesOf(
  call: (connection: PluginConnection) => Promise<unknown>,
  options: ConnectOptions = {},
): Promise<string> {
  await using plugin = await rawPlugin(ok);
  await using connection = await connect(plugin.url, options);
  await call(connection);
  const [request] = plugin.requests;
  return `${request?.head}\r\n\r\n${request?.body}`;
}

const dockerHead = (path: string, host: string, size: number): string =>
  `POST /${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: ${size}\r\n` +
  "Accept: application/vnd.docker.plugins.v1.2+json\r\n\r\n";

test("a request is what the engine sends, byte for byte", async () => {
  assert.equal(
    await bytesOf((plugin) => plugin.call("VolumeDriver.Create", { Opts: null, Name: "<v>" })),
    `${dockerHead("VolumeDriver.Create", "plugin.moby.localhost", 37)}{"Name":"\\u003cv\\u003e","Opts":null}\n`,
  );
  assert.equal(
    await bytesOf((plugin) => plugin.activate().catch(() => {})),
    dockerHead("Plugin.Activate", "plugin.moby.localhost", 0),
  );
  assert.equal(
    await bytesOf((plugin) => plugin.call("VolumeDriver.List")),
    `${dockerHead("VolumeDriver.List", "plugin.moby.localhost", 3)}{}\n`,
  );
});

test("20.10 sends an empty Host", async () => {
  const bytes = await bytesOf((plugin) => plugin.call("VolumeDriver.List"), { profile: "docker-20.10" });
  assert.equal(bytes, `${dockerHead("VolumeDriver.List", "", 3)}{}\n`);
});

test("Podman sends a Content-Type, no Accept, no newline, and List without a body", async () => {
  const head = (path: string, size: number): string =>
    `POST /${path} HTTP/1.1\r\nHost: plugin\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: ${size}\r\n` +
    "Content-Type: application/vnd.docker.plugins.v1.1+json\r\n\r\n";
  const podman = { profile: "podman" } as const;
  assert.equal(await bytesOf((plugin) => plugin.call("VolumeDriver.List"), podman), head("VolumeDriver.List", 0));
  assert.equal(
    await bytesOf((plugin) => plugin.call("VolumeDriver.Get", { Name: "v" }), podman),
    `${head("VolumeDriver.Get", 12)}{"Name":"v"}`,
  );
});

test("over TCP the Host is the address, and gzip is asked for and decoded", async () => {
  const body = gzipSync('{"Mountpoint": "/data"}');
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  await using plugin = await rawPlugin(() => Buffer.concat([Buffer.from(head), body]), { tcp: true });
  await using connection = await connect(plugin.url);
  assert.deepEqual(await connection.call("VolumeDriver.Path", { Name: "v" }), { Mountpoint: "/data" });
  const sent = plugin.requests[0]?.head ?? "";
  assert.match(sent, new RegExp(`\r\nHost: ${plugin.url.slice("tcp://".length)}\r\n`));
  assert.ok(sent.endsWith("\r\nAccept-Encoding: gzip"));
});

test("calls one after another share a connection, calls at once do not wait for each other", async () => {
  await using plugin = await rawPlugin(ok);
  await using connection = await connect(plugin.url);
  await connection.call("VolumeDriver.List");
  await connection.call("VolumeDriver.List");
  assert.equal(plugin.connections(), 1);
  await Promise.all(Array.from({ length: 20 }, () => connection.call("VolumeDriver.List")));
  assert.equal(plugin.requests.length, 22);
});

test("six idle connections are kept, as by the engine", async () => {
  const open = new Set<Socket>();
  const enough = Promise.withResolvers<void>();
  await using plugin = await rawPlugin((_, socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket) && open.size === 6 && enough.resolve());
    return answer({});
  });
  await using connection = await connect(plugin.url);
  await Promise.all(Array.from({ length: 20 }, () => connection.call("VolumeDriver.List")));
  await enough.promise;
  await connection.call("VolumeDriver.List");
  assert.equal(plugin.connections(), 20);
});

test("disposing closes the connections", async () => {
  const closed = Promise.withResolvers<void>();
  await using plugin = await rawPlugin((_, socket) => {
    socket.once("close", () => closed.resolve());
    return answer({});
  });
  {
    await using connection = await connect(plugin.url);
    await connection.call("VolumeDriver.List");
  }
  await closed.promise;
});

test("the raw reply has status, headers, body and time, whatever the status", async () => {
  await using plugin = await rawPlugin(() => answer("oops", "418 I'm a teapot"));
  await using connection = await connect(plugin.url);
  const reply = await connection.send("VolumeDriver.List");
  assert.equal(reply.status, 418);
  assert.equal(reply.headers["content-length"], "4");
  assert.equal(reply.body.toString(), "oops");
  assert.ok(reply.milliseconds > 0);
});

test("activation returns what the plugin implements, and an error that keeps its cause", async () => {
  let reply = answer({ implements: ["VolumeDriver", "authz"] });
  await using plugin = await rawPlugin(() => reply);
  await using connection = await connect(plugin.url);
  assert.deepEqual(await connection.activate(), ["VolumeDriver", "authz"]);
  reply = answer({});
  assert.deepEqual(await connection.activate(), []);
  reply = answer({ Err: "not yet" }, "500 No");
  await assert.rejects(connection.activate(), (error) => {
    assert.ok(error instanceof ActivationError && error.cause instanceof CallError);
    assert.match(error.message, /^unix:.* was not activated: Plugin.Activate: not yet$/);
    return true;
  });
});

test("a socket that is not there, or that nobody listens on, is unreachable and nothing was sent", async () => {
  const plugin = await rawPlugin(ok, { tcp: true });
  await plugin[Symbol.asyncDispose]();
  for (const address of [plugin.url, "unix:///nowhere/at-all.sock"]) {
    await using connection = await connect(address);
    const error = await failure(connection.call("VolumeDriver.List"));
    assert.deepEqual([error.code, error.sent, error.status], ["unreachable", false, undefined]);
    assert.match(error.message, /cannot connect to (tcp|unix):.*start the plugin/);
  }
});

test("an abort ends a call at once with the caller's reason", async () => {
  const reason = new Error("enough");
  await using plugin = await rawPlugin(silent);
  await using connection = await connect(plugin.url);
  const controller = new AbortController();
  const call = connection.call("VolumeDriver.List", undefined, { signal: controller.signal, deadlineMs: Infinity });
  controller.abort(reason);
  await assert.rejects(call, reason);
  await assert.rejects(connection.call("VolumeDriver.List", undefined, { signal: controller.signal }), reason);
});

test("a connection the plugin closed while idle is replaced", async () => {
  let socketClosed: Promise<unknown> | undefined;
  await using plugin = await rawPlugin((_, socket) => {
    socketClosed = once(socket, "close");
    socket.end(answer({}));
    return undefined;
  });
  await using connection = await connect(plugin.url);
  await connection.call("VolumeDriver.List");
  await socketClosed;
  await connection.call("VolumeDriver.List");
  assert.equal(plugin.connections(), 2);
});
