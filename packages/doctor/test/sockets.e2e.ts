import assert from "node:assert/strict";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { ProcessFacts } from "@outrigger/linux";
import { leaveSocket, scratch } from "./scratch.ts";
import { examine } from "../src/examine.ts";
import type { Facts } from "../src/facts.ts";
import { gather } from "../src/gather.ts";
import { hostOf } from "../src/host.ts";
import { startBudget } from "../src/time-budget.ts";
import { socketChecks } from "../src/checks/sockets.ts";

test("a managed plugin that does not listen is told by its name while its engine runs, and only then", async () => {
  await using at = await scratch();
  const id = "cd".repeat(32);
  // Short, for a socket's path has room for no more.
  const sockets = at.path("p");
  await mkdir(join(sockets, id), { recursive: true });
  await leaveSocket(join(sockets, id, "s"));
  const plugin = { Name: "acme/shelf:latest", Enabled: true };
  await at.write(`var/lib/docker/plugins/${id}/config.json`, JSON.stringify({ plugin }));
  const facts = await gather(
    hostOf({ folders: { sockets, specs: [] }, stateFolders: [], dataRoot: at.path("var/lib/docker") }),
    startBudget(20_000),
  );
  assert.deepEqual(findingsOf(facts), []);
  assert.ok(facts.engine !== undefined);
  const running = { ...facts, engine: { ...facts.engine, process: { pid: 1, command: "dockerd" } } };
  const [found, ...others] = findingsOf(running);
  assert.deepEqual(others, []);
  assert.match(
    found ?? "",
    /dead-managed.*acme\/shelf:latest does not listen.*docker plugin enable acme\/shelf:latest/,
  );
});

test("what is too far below another root for a socket's path is left untried, and is no finding", async () => {
  await using at = await scratch();
  const id = "cd".repeat(32);
  await mkdir(join(at.plugins, id));
  await leaveSocket(at.path("s"));
  await rename(at.path("s"), join(at.plugins, id, "shelf.sock"));
  await at.write("etc/docker/plugins/far.spec", "tcp://127.0.0.1:1");
  const { findings, plugins } = await examine({ root: at.root, budgetMs: 20_000 });
  assert.deepEqual(findings, []);
  assert.equal(plugins, 2);
});

test("the remedy for a silent plugin fits who serves it, and never ends the first process", async () => {
  await using at = await scratch();
  await at.listen(join(at.plugins, "silent.sock"));
  const facts = await gather(hostOf(at.here), startBudget(600));
  const remedyFor = (owner: ProcessFacts): string =>
    findingsOf({ ...facts, plugins: facts.plugins.map((plugin) => ({ ...plugin, owner })) }).join("\n");
  assert.match(remedyFor({ pid: 812, command: "shelf", unit: "shelf.service" }), /systemctl restart shelf\.service$/);
  assert.match(
    remedyFor({ pid: 812, command: "shelf", unit: `docker-${"ab".repeat(32)}.scope` }),
    /docker restart abababababab$/,
  );
  assert.match(remedyFor({ pid: 812, command: "shelf", unit: "session-3.scope" }), /kill 812, then start it again$/);
  assert.doesNotMatch(remedyFor({ pid: 1, command: "init" }), /kill/);
});

function findingsOf(facts: Facts): string[] {
  return socketChecks.flatMap(({ id, find }) => find(facts).map(({ what, remedy }) => `${id}: ${what}: ${remedy}`));
}
