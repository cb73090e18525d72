import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openStage, quiet, send, type Raw, type Stage } from "../test/stage.ts";
import type { Role } from "./operation.ts";
import { osdOperations } from "./osd-operations.ts";
import { openStorageApi } from "./storage-api.ts";
import { makeToken } from "./tokens.ts";

const roles: readonly Role[] = ["viewer", "operator", "admin"];
/** What a role may do, by what it takes. */
const may: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ["viewer"],
  operator: ["viewer", "operator"],
  admin: ["viewer", "operator", "admin"],
};
const tokens = roles.map((role) => ({ role, ...makeToken(role, role) }));

async function openOsd(): Promise<Stage & { ask: (role: Role, raw: Raw) => ReturnType<typeof send> }> {
  const stage = await openStage(tokens.map(({ line }) => line));
  const ask = (role: Role, raw: Raw): ReturnType<typeof send> => {
    const token = tokens.find((one) => one.role === role)?.token ?? "";
    return send(stage.api.osdUrl ?? "", { ...raw, headers: { authorization: `Bearer ${token}` } });
  };
  return { ...stage, ask };
}

test("each role may do what takes it or a lesser one, on every operation", async () => {
  await using osd = await openOsd();
  for (const { id, method, path, role: takes } of osdOperations) {
    for (const role of roles) {
      const { status } = await osd.ask(role, {
        method,
        path: path.replaceAll(/\{\w+\}/g, "none"),
        ...(method.startsWith("P") && { body: "{}" }),
      });
      assert.equal(status === 403, !may[role].includes(takes), `${id} by ${role}: ${status}`);
      assert.notEqual(status, 401, id);
    }
  }
});

test("without a token, with a wrong one, and with a token's hash nothing is told", async () => {
  await using osd = await openOsd();
  const hash = tokens[2]?.line.split(" ")[2] ?? "";
  const wrong = [
    undefined,
    "",
    "Bearer",
    "Bearer x",
    `Bearer ${hash}`,
    `Basic ${tokens[2]?.token}`,
    "Bearer " + "a".repeat(43),
  ];
  for (const authorization of wrong) {
    for (const path of ["/v1/osd-volumes", "/metrics", "/openapi.json", "/nowhere"]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const { status } = await send(osd.api.osdUrl ?? "", { path, headers });
      assert.equal(status, 401, `${authorization} ${path}`);
    }
  }
});

test("a volume is made, found by name and labels, and deleted, in OpenStorage's shapes", async () => {
  await using osd = await openOsd();
  const locator = { name: "data", volume_labels: { team: "web" } };
  const spec = { size: 1048576, ha_level: 1, shared: false, cos: 0, replica_set: { nodes: [] } };
  const made = await osd.ask("operator", {
    method: "POST",
    path: "/v1/osd-volumes",
    body: JSON.stringify({ locator, spec }),
  });
  assert.deepEqual(made, { status: 200, body: { id: "data" } });
  for (const query of ["Name=data", "VolumeID=other&VolumeID=data", 'Label={"team":"web"}']) {
    const { body } = await osd.ask("viewer", { path: `/v1/osd-volumes?${query.replaceAll('"', "%22")}` });
    assert.deepEqual(
      (body as { id: string }[]).map(({ id }) => id),
      ["data"],
      query,
    );
  }
  const { body } = await osd.ask("viewer", { path: "/v1/osd-volumes/data" });
  const [volume] = body as { spec: { size: number }; state: number; status: number }[];
  assert.deepEqual([volume?.spec.size, volume?.state, volume?.status], [1048576, 4, 2]);
  assert.deepEqual(await osd.ask("admin", { method: "DELETE", path: "/v1/osd-volumes/data" }), {
    status: 200,
    body: {},
  });
  assert.deepEqual((await osd.ask("viewer", { path: "/v1/osd-volumes/data" })).body, []);
});

const refused: [what: string, raw: Raw, why: RegExp][] = [
  [
    "copies on hosts",
    { method: "POST", path: "/v1/osd-volumes", body: '{"locator":{"name":"a"},"spec":{"ha_level":3}}' },
    /ha_level/,
  ],
  [
    "an unknown spec",
    { method: "POST", path: "/v1/osd-volumes", body: '{"locator":{"name":"a"},"spec":{"sizes":3}}' },
    /did you mean size/,
  ],
  ["attach", { method: "PUT", path: "/v1/osd-volumes/there", body: '{"action":{"attach":2}}' }, /engine mounts/],
  [
    "a snapshot without a backend for it",
    { method: "POST", path: "/v1/osd-snapshot", body: '{"id":"there","readonly":true}' },
    /snapshot/,
  ],
];

test("what has no meaning here is refused with the reason, where OpenStorage's clients look for it", async (t) => {
  await using osd = await openOsd();
  await osd.volumes.create("there");
  for (const [what, raw, why] of refused) {
    await t.test(what, async () => {
      const { status, body } = await osd.ask("admin", raw);
      assert.equal(status, 200);
      assert.match(JSON.stringify(body), /"error":"/);
      assert.match(JSON.stringify(body), why);
    });
  }
});

test("a token file that others may read lets nobody in", async () => {
  await using osd = await openOsd();
  const file = join(osd.root, "tokens");
  await chmod(file, 0o644);
  assert.equal((await osd.ask("viewer", { path: "/v1/osd-volumes" })).status, 503);
});

test("tokens are never sent in the clear over a network", async () => {
  await using stage = await openStage();
  await stage.api[Symbol.asyncDispose]();
  const given = { name: "stage", root: stage.root, verbs: stage.volumes, log: quiet() };
  for (const listen of ["0.0.0.0:0", "[::]:0", "192.0.2.1:9100"]) {
    await assert.rejects(openStorageApi({ ...given, osd: { listen, tokens: "/none" } }), /in the clear/);
  }
  await assert.rejects(openStorageApi({ ...given, osd: { listen: "localhost:1", tokens: "/none" } }), /address:port/);
});
