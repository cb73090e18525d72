import assert from "node:assert/strict";
import { test } from "node:test";
import { authz, defineProtocol, ipamDriver, logDriver, networkDriver, volumeDriver } from "@outrigger/protocol";
import { failure } from "../test/failure.ts";
import { answer, rawPlugin } from "../test/raw-plugin.ts";
import { createClient } from "./client.ts";
import { connect } from "./connect.ts";

test("a client's calls are the protocol's methods", async () => {
  await using plugin = await rawPlugin(({ path }) =>
    answer(path.endsWith(".Mount") ? { Mountpoint: "/m" } : { Volumes: [{ name: "v" }] }),
  );
  await using connection = await connect(plugin.url);
  const volumes = createClient(volumeDriver, connection);
  const { Mountpoint } = await volumes.mount({ Name: "v", ID: "a" });
  const { Volumes } = await volumes.list();
  await volumes.list({});
  assert.deepEqual([Mountpoint, Volumes], ["/m", [{ Name: "v" }]]);
  assert.deepEqual(
    plugin.requests.map(({ path, body }) => `${path} ${body}`),
    ['VolumeDriver.Mount {"Name":"v","ID":"a"}\n', "VolumeDriver.List {}\n", "VolumeDriver.List {}\n"],
  );
});

test("bytes are encoded on the way out", async () => {
  await using plugin = await rawPlugin(() => answer({ allow: true }));
  await using connection = await connect(plugin.url);
  const request = { RequestMethod: "POST", RequestUri: "/x", RequestBody: Buffer.from("hi") };
  assert.equal((await createClient(authz, connection).authZReq(request)).Allow, true);
  assert.equal(plugin.requests[0]?.body, '{"RequestMethod":"POST","RequestUri":"/x","RequestBody":"aGk="}\n');
});

test("a method a plugin may lack resolves to undefined where the engine takes the answer for that", async () => {
  let reply = answer("404 page not found", "404 Not Found");
  await using plugin = await rawPlugin(() => reply);
  await using connection = await connect(plugin.url);
  const network = createClient(networkDriver, connection);
  const external = { NetworkID: "n", EndpointID: "e", Options: {} };
  assert.equal(await network.programExternalConnectivity(external), undefined);
  assert.equal(await createClient(volumeDriver, connection).capabilities(), undefined);
  assert.equal((await failure(network.getCapabilities())).code, "not-found");

  reply = answer({ Err: "no" }, "500 No");
  assert.equal(
    (await failure(network.programExternalConnectivity(external))).message,
    "NetworkDriver.ProgramExternalConnectivity: no",
  );
  assert.equal(await createClient(ipamDriver, connection).getCapabilities(), undefined);
});

test("no answer at all is an error, even from a method a plugin may lack", async () => {
  await using plugin = await rawPlugin(() => undefined);
  await using connection = await connect(plugin.url);
  const capabilities = createClient(volumeDriver, connection).capabilities({}, { deadlineMs: 20 });
  assert.equal((await failure(capabilities)).code, "deadline");
});

test("a method that streams resolves to its pieces", async () => {
  await using plugin = await rawPlugin((_, socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\nabc"));
  await using connection = await connect(plugin.url);
  const pieces = await createClient(logDriver, connection).readLogs({ Info: { ContainerID: "c" } });
  assert.equal(Buffer.concat(await Array.fromAsync(pieces ?? [])).toString(), "abc");
});

test("a protocol that is not Docker's works the same, its own error key included", async () => {
  const own = defineProtocol({
    name: "Own",
    managedType: "",
    doc: "",
    errorKey: "Error",
    methods: {
      ask: {
        path: "Own.Ask",
        doc: "",
        request: {},
        emptyBody: "nothing",
        reply: { Count: { type: "integer", doc: "" } },
        since: "1",
        source: "",
      },
    },
  });
  let reply = answer({ count: 3 });
  await using plugin = await rawPlugin(() => reply);
  await using connection = await connect(plugin.url);
  const client = createClient(own, connection);
  assert.deepEqual(await client.ask(), { Count: 3 });
  reply = answer({ Error: "full" });
  assert.equal((await failure(client.ask())).message, "Own.Ask: full");
});
