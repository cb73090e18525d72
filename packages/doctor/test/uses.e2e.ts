import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { writeBolt } from "./bolt-file.ts";
import { answerAs, leaveSocket, scratch, type Scratch } from "./scratch.ts";
import { examine } from "../src/examine.ts";
import type { Finding } from "../src/finding.ts";

const id = "ab".repeat(32);

/** The state that an engine left: containers, volumes, networks, managed plugins and its configuration. */
async function engineState(at: Scratch): Promise<void> {
  const container = async (name: string, mounts: object, log = "json-file"): Promise<void> => {
    const folder = `var/lib/docker/containers/${name}`;
    await at.write(`${folder}/config.v2.json`, JSON.stringify({ Name: `/${name}`, MountPoints: mounts }));
    await at.write(`${folder}/hostconfig.json`, JSON.stringify({ LogConfig: { Type: log } }));
  };
  await container("web", { "/data": { Name: "data", Driver: "gone" }, "/tmp": { Name: "tmp", Driver: "local" } });
  await container("db", { "/data": { Name: "data", Driver: "gone" } }, "shipper");
  await container("files", { "/data": { Name: "files", Driver: "acme/vol:latest" } });
  await container("half", { "/data": { Name: "half", Driver: "useless" } });
  await at.write("var/lib/docker/containers/damaged/config.v2.json", "{");
  await at.write("var/lib/docker/volumes/.keep", "");
  const volume = (driver: string): Buffer => Buffer.from(JSON.stringify({ Driver: driver }));
  await writeBolt(at.path("var/lib/docker/volumes/metadata.db"), {
    volumes: { one: volume("lost"), two: volume("lost"), three: volume("local"), four: volume("dead") },
  });
  const network = Buffer.from(JSON.stringify({ name: "back", networkType: "mesh", ipamType: "default" }));
  await at.write("var/lib/docker/network/files/.keep", "");
  await writeBolt(at.path("var/lib/docker/network/files/local-kv.db"), {
    libnetwork: { [`docker/network/v1.0/network/${id}/`]: Buffer.concat([Buffer.alloc(8), network]) },
  });
  const plugin = {
    Name: "acme/vol:latest",
    Enabled: false,
    Config: { Interface: { Types: ["docker.volumedriver/1.0"] } },
  };
  await at.write(`var/lib/docker/plugins/${id}/config.json`, JSON.stringify({ plugin }));
  await at.write("etc/docker/daemon.json", '{"authorization-plugins": ["gate"], "log-driver": "json-file"}');
}

test("who needs a driver that is missing, disabled, dead or of another kind is told from the engine's own files", async () => {
  await using at = await scratch();
  await engineState(at);
  await at.listen(join(at.plugins, "useless.sock"), answerAs("NetworkDriver"));
  await leaveSocket(join(at.plugins, "dead.sock"));
  // A root of its own, so that no engine of this machine is taken for the one of these files.
  const { findings, engine } = await examine({ root: at.root, budgetMs: 20_000 });
  assert.equal(engine, "no engine runs");
  const told = (check: string): Finding[] => findings.filter((finding) => finding.id === check);
  assert.deepEqual(
    told("missing-driver")
      .map(({ object, what }) => `${object} ${what.slice(what.indexOf("(") + 1, what.indexOf(")"))}`)
      .sort(),
    ["gate authz", "gone VolumeDriver", "mesh NetworkDriver", "shipper LogDriver"],
  );
  assert.match(
    told("missing-driver").find(({ object }) => object === "gone")?.what ?? "",
    /container db, container web/,
  );
  assert.match(told("missing-driver").find(({ object }) => object === "gate")?.cost ?? "", /does not start/);
  const [orphans, ...more] = told("orphan-volumes");
  assert.deepEqual(more, []);
  assert.match(orphans?.what ?? "", /2 volumes \(one, two\) belong to plugin "lost"/);
  assert.match(orphans?.cost ?? "", /30 s/);
  assert.match(told("disabled-plugin")[0]?.remedy ?? "", /docker plugin enable acme\/vol:latest/);
  assert.match(told("wrong-kind")[0]?.what ?? "", /"useless" does not implement VolumeDriver.*container half/);
  assert.match(told("needed-and-down")[0]?.what ?? "", /"dead" \(dead\) is needed by volume four/);
});

test("a daemon.json with a fault is told with its place, and a damaged database with what is not known then", async () => {
  await using at = await scratch();
  await at.write("etc/docker/daemon.json", '{\n  "hosts": [],\n}');
  await at.write("var/lib/docker/volumes/metadata.db", "no database");
  const { findings } = await examine({ root: at.root, budgetMs: 20_000 });
  assert.deepEqual(
    findings.map(({ id, severity }) => [id, severity]),
    [
      ["bad-daemon-json", "error"],
      ["unread-state", "note"],
    ],
  );
  assert.match(findings[0]?.what ?? "", /daemon\.json:2:14: a comma/);
});

test("state that cannot be read in time is told, and the rest is not kept waiting for it", async () => {
  await using at = await scratch();
  await engineState(at);
  const { findings } = await examine({ root: at.root, budgetMs: 1 });
  assert.match(findings.map(({ id, what }) => `${id}: ${what}`).join("\n"), /unread-state: .*not time enough/);
});

test("an engine's state does not count for folders that were named without it", async () => {
  await using at = await scratch();
  await engineState(at);
  const { findings } = await examine({ root: at.root, ...at.here, budgetMs: 20_000 });
  assert.deepEqual(findings, []);
});
