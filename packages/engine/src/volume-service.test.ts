import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, rawPlugin, type RawPlugin, type RawRequest } from "../test/raw-plugin.ts";
import { scratch, type Scratch } from "../test/scratch.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { createVolumeService, VolumeError, type VolumeService } from "./volume-service.ts";

/** A volume plugin that keeps names, and answers one method otherwise where told. */
interface Stage extends AsyncDisposable {
  readonly plugin: RawPlugin;
  readonly volumes: VolumeService;
  readonly names: Set<string>;
  readonly override: Map<string, (request: RawRequest) => string | undefined>;
  /** The calls since the last look. */
  calls(): string[];
}

async function stage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const at: Scratch = stack.use(await scratch());
  const names = new Set<string>();
  const override: Stage["override"] = new Map();
  const respond = (request: RawRequest): string | undefined => {
    const method = request.path.replace("VolumeDriver.", "");
    const other = override.get(method);
    if (other !== undefined) return other(request);
    const body = JSON.parse(request.body || "{}") as { Name?: string };
    const name = body.Name ?? "";
    if (method === "Plugin.Activate") return answer({ Implements: ["VolumeDriver"] });
    if (method === "Capabilities") return answer({ Capabilities: { Scope: "Global" } });
    if (method === "Create") names.add(name);
    if (method === "Remove") names.delete(name);
    if (method === "List") return answer({ Volumes: [...names].map((Name) => ({ Name })) });
    if (method === "Mount") return answer({ Mountpoint: `/mnt/${name}` });
    if (method !== "Get") return answer({});
    return names.has(name) ? answer({ Volume: { Name: name } }) : answer({ Err: "no such volume" }, "500 No");
  };
  const plugin = stack.use(await rawPlugin(respond, { socket: await at.path("run/p.sock") }));
  const registry: Registry = stack.use(createRegistry({ folders: at.folders, retry: "none" }));
  let seen = 0;
  return {
    plugin,
    names,
    override,
    volumes: createVolumeService(registry),
    calls: () => {
      const since = plugin.requests.slice(seen);
      seen = plugin.requests.length;
      return since.map(({ path }) => path.replace("VolumeDriver.", ""));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("create asks Get and then Create; again, it asks Get alone", async () => {
  await using at = await stage();
  const made = await at.volumes.create("p", "v", { size: "1" });
  assert.deepEqual(made, { Name: "v", Driver: "p", Scope: "global" });
  assert.deepEqual(at.calls(), ["Plugin.Activate", "Capabilities", "Get", "Create"]);
  assert.equal(at.plugin.requests.at(-1)?.body, '{"Name":"v","Opts":{"size":"1"}}\n');
  await at.volumes.create("p", "v");
  assert.deepEqual(at.calls(), ["Get"]);
});

test("run asks Get and Create, Get and Mount, and at its end Get and Unmount with the same id", async () => {
  await using at = await stage();
  {
    await using mounted = await at.volumes.run("p", "v");
    assert.equal(mounted.mountpoint, "/mnt/v");
    assert.match(mounted.id, /^[0-9a-f]{64}$/);
    assert.deepEqual(at.calls().slice(2), ["Get", "Create", "Get", "Mount"]);
    assert.match(at.plugin.requests[3]?.body ?? "", /"Opts":null/);
  }
  assert.deepEqual(at.calls(), ["Get", "Unmount"]);
  const bodies = at.plugin.requests.filter(({ path }) => path.endsWith("ount")).map(({ body }) => body);
  assert.equal(bodies[0], bodies[1]);
  await using _ = await at.volumes.run("p", "v");
  assert.deepEqual(at.calls(), ["Get", "Get", "Mount"]);
});

test("list asks List, inspect asks Get, remove asks Get, Get and Remove", async () => {
  await using at = await stage();
  at.names.add("b").add("a");
  const { volumes, warnings } = await at.volumes.list();
  assert.deepEqual([volumes.map(({ Name }) => Name), warnings], [["a", "b"], []]);
  assert.deepEqual(at.calls(), ["Plugin.Activate", "Capabilities", "List"]);
  await at.volumes.inspect("a");
  assert.deepEqual(at.calls(), ["Get"]);
  await at.volumes.remove("a");
  assert.deepEqual(at.calls(), ["Get", "Get", "Remove"]);
  assert.deepEqual([...at.names], ["b"]);
});

test("a volume nobody told of is asked for at every volume plugin", async () => {
  await using at = await stage();
  at.names.add("v");
  assert.equal((await at.volumes.inspect("v")).Driver, "p");
  assert.deepEqual(at.calls(), ["Plugin.Activate", "Capabilities", "Get"]);
  await assert.rejects(at.volumes.remove("other"), { code: "no-such-volume", message: "get other: no such volume" });
});

test("a mounted volume is not removed, and Remove is not called", async () => {
  await using at = await stage();
  await using mounted = await at.volumes.run("p", "v");
  at.calls();
  await assert.rejects(at.volumes.remove("v"), (error) => {
    assert.ok(error instanceof VolumeError);
    assert.equal(error.message, `remove v: volume is in use - [${mounted.id}]`);
    return true;
  });
  assert.deepEqual(at.calls(), ["Get"]);
});

test("an error from Get makes the engine forget even a volume in use, no answer does not", async () => {
  await using at = await stage();
  await using stack = new AsyncDisposableStack();
  stack.use(await at.volumes.run("p", "v"));
  at.override.set("Get", () => "nonsense");
  await assert.rejects(at.volumes.inspect("v"), { name: "CallError" });
  at.override.clear();
  await assert.rejects(at.volumes.remove("v"), { code: "in-use" });
  at.override.set("Get", () => answer({ Err: "backend is away" }, "500 No"));
  await assert.rejects(at.volumes.inspect("v"), { message: "get v: no such volume" });
  at.override.clear();
  await at.volumes.remove("v");
  at.names.add("v");
});

test("a plugin that did not say its capabilities is asked again, one that lacks them is local", async () => {
  await using at = await stage();
  at.override.set("Capabilities", () => "nonsense");
  await assert.rejects(at.volumes.create("p", "v"), { name: "CallError" });
  at.override.set("Capabilities", () => answer("404 page not found", "404 Not Found"));
  assert.equal((await at.volumes.create("p", "v")).Scope, "local");
});

test("a failed Create or Mount is the plugin's error, and no Unmount follows", async () => {
  await using at = await stage();
  at.override.set("Create", () => answer({ Err: "disk is full" }, "500 No"));
  await assert.rejects(at.volumes.create("p", "v"), { message: "VolumeDriver.Create: disk is full" });
  at.override.clear();
  at.override.set("Mount", () => answer({ Err: "no device" }, "500 No"));
  at.calls();
  await assert.rejects(at.volumes.run("p", "v"), { message: "VolumeDriver.Mount: no device" });
  assert.deepEqual(at.calls(), ["Get", "Create", "Get", "Mount"]);
  await at.volumes.remove("v");
});

test("a driver that cannot list is warned of, its known volumes shown", async () => {
  await using at = await stage();
  await at.volumes.create("p", "v");
  at.override.set("List", () => answer({ Err: "later" }, "500 No"));
  const { volumes, warnings } = await at.volumes.list();
  assert.deepEqual([volumes.map(({ Name }) => Name), warnings], [["v"], ["p: VolumeDriver.List: later"]]);
});
