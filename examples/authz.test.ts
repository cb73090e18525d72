import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect, createClient } from "@outrigger/engine";
import { serve } from "@outrigger/plugin";
import { authz } from "@outrigger/protocol";
import { plugin } from "./authz.ts";

const create = "/v1.41/containers/create";
const privileged = '{"HostConfig":{"Privileged":true}}';

const allowed: readonly (readonly [method: string, uri: string, body?: string])[] = [
  ["GET", "/_ping"],
  ["HEAD", "/_ping"],
  ["GET", "/v1.41/containers/json?all=1"],
  ["GET", "http://engine/v1.56/info"],
  ["POST", "/auth"],
  ["POST", "/v1.41/images/create?fromImage=busybox"],
  ["POST", "/v1.41/containers/web/start"],
  ["DELETE", "/v1.41/volumes/data"],
  ["POST", create, '{"HostConfig":{"Privileged":false}}'],
  ["POST", create, '{"Image":"a \\"Privileged\\": b","HostConfig":{"Privileged" : null}}'],
  ["POST", "/v1.41/containers/web/exec", '{"Cmd":["Privileged"]}'],
];

const denied: readonly (readonly [method: string, uri: string, body?: string])[] = [
  ["POST", create, privileged],
  ["POST", create, '{"hostconfig":{"privileged":true}}'],
  ["POST", create, '{"HostConfig":{"Privileged":false,"privileged":true}}'],
  ["POST", create, '{"HostConfig":{"Privileged":true},"HostConfig":{}}'],
  ["POST", create, '{"HostConfig":{"\\u0050rivileged" : true}}'],
  ["POST", create, '{"HostConfig":{"Privileged":"true"}}'],
  ["POST", "/containers/create?name=x", privileged],
  ["POST", "/v1.56/containers/create", privileged],
  ["POST", "/v1.41.0/containers/create", privileged],
  ["POST", "/v1.41//containers/%63reate", privileged],
  ["POST", "/v1.41/containers%2Fcreate", privileged],
  ["POST", "/v1.41/./containers/x/../create", privileged],
  ["POST", "http://engine/v1.41/containers/create", privileged],
  ["POST", "/v1.41/containers/x/exec", '{"Privileged":true}'],
  ["POST", "/v1.41/containers/web/db/exec", '{"Privileged":true}'],
  ["POST", create],
  ["POST", create, ""],
  ["POST", create, "{"],
  ["POST", "/v1.41/services/create", "{}"],
  ["POST", "/v1.41/plugins/pull?remote=x"],
  ["POST", "/v1.41/no/such/route"],
  ["GET", "/v1.41/no-such-route"],
  ["BREW", "/v1.41/containers/json"],
  ["POST", "/v1.41/containers/%zz/start"],
  ["GET", "no url"],
];

test("what is harmless is allowed, and what is privileged, unreadable or unknown is denied with a reason", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "authz-test-"));
  await using serving = await serve(plugin, { pluginsDir: folder.path, signals: false });
  await using connection = await connect(serving.addresses[0] ?? "");
  const client = createClient(authz, connection);
  const ask = ([RequestMethod, RequestUri, body]: (typeof denied)[number]): Promise<{
    Allow: boolean;
    Msg?: string | undefined;
  }> => client.authZReq({ RequestMethod, RequestUri, ...(body !== undefined && { RequestBody: Buffer.from(body) }) });
  for (const request of allowed) assert.equal((await ask(request)).Allow, true, request.join(" "));
  for (const request of denied) {
    const { Allow, Msg } = await ask(request);
    assert.equal(Allow, false, request.join(" "));
    assert.ok(Msg, request.join(" "));
  }
  assert.equal((await client.authZRes({ RequestMethod: "GET", RequestUri: "/_ping" })).Allow, true);
});
