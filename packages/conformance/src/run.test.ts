import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { idsOf, judge, serveModel, type Intercept, type ServedModel } from "../test/model.ts";

const activate = { "Plugin.Activate": () => ({ Implements: ["VolumeDriver"] }) };

test("a plugin that keeps the rules passes", async () => {
  await using model = await serveModel(activate);
  const result = await judge(model.address, { only: ["HS-01", "HS-02"] });
  assert.deepEqual(idsOf(result, "passed"), ["HS-01", "HS-02"]);
  assert.deepEqual(result.protocols, ["VolumeDriver"]);
});

test("a plugin without a protocol of Docker is judged by what all plugins share", async () => {
  await using model = await serveModel({ "Plugin.Activate": () => ({ Implements: ["volumedriver"] }) });
  const result = await judge(model.address, { only: ["HS-01", "HS-02"] });
  assert.deepEqual(idsOf(result, "failed"), ["HS-02"]);
  assert.match(
    result.cases[1]?.message ?? "",
    /Implements is \["volumedriver"\]; none of these is one of VolumeDriver,/,
  );
});

test("a failed case shows the bytes that went over the wire", async () => {
  await using model = await serveModel({ "Plugin.Activate": () => ({ Implements: ["nothing"] }) });
  const { cases } = await judge(model.address, { only: ["HS-02"] });
  const [exchange] = cases[0]?.exchanges ?? [];
  assert.match(
    exchange?.sent.toString() ?? "",
    /^POST \/Plugin\.Activate HTTP\/1\.1\r\nHost: plugin\.moby\.localhost\r\n/,
  );
  assert.match(exchange?.received.toString() ?? "", /^HTTP\/1\.1 200 OK\r\n[^]*\{"Implements":\["nothing"\]\}/);
});

test("cases are chosen by id or by the beginning of it", async () => {
  await using model = await serveModel(activate);
  const only = (await judge(model.address, { only: ["HS"], except: ["HS-02"] })).cases.map(({ id }) => id);
  assert.ok(only.includes("HS-01") && !only.includes("HS-02") && only.every((id) => id.startsWith("HS-")));
});

test("where nothing answers the handshake, nothing is judged and the reason is thrown", async () => {
  await assert.rejects(judge("unix:///nonexistent/x.sock"), /was not activated: .*nonexistent/);
});

/** A plugin of volumes in memory, whose Remove hangs up while it `sulks`. */
async function serveSulky(): Promise<ServedModel & { removals: number; sulks: boolean }> {
  const volumes = new Set<string>();
  const state = { removals: 0, sulks: true };
  const model = await serveModel(
    {
      ...activate,
      "VolumeDriver.Create": ({ Name }: { Name: string }) => {
        volumes.add(Name);
        return {};
      },
      "VolumeDriver.Get": ({ Name }: { Name: string }) => ({ Volume: volumes.has(Name) ? { Name } : null }),
      "VolumeDriver.Remove": ({ Name }: { Name: string }) => {
        volumes.delete(Name);
        return {};
      },
    },
    {
      intercept: (incoming, response) => {
        if (incoming.url !== "/VolumeDriver.Remove") return false;
        state.removals += 1;
        if (state.sulks) response.destroy();
        return state.sulks;
      },
    },
  );
  return Object.assign(state, model);
}

test("a plugin that leaves one call of the clean-up unanswered is asked no more", async () => {
  await using model = await serveSulky();
  const { left } = await judge(model.address, { only: ["VOL-20"] });
  assert.equal(model.removals, 1);
  const [first = "", ...others] = left;
  assert.match(first, /^volume "or-.*": no answer: VolumeDriver\.Remove was not answered: /);
  assert.ok(others.length > 0);
  for (const other of others) assert.match(other, /: not asked, for the plugin left a call before unanswered$/);
});

test("a plugin that leaves a call of the clean-up unanswered is started again where it can be, and asked again", async () => {
  await using model = await serveSulky();
  const signals: string[] = [];
  const restart = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    signals.push(signal);
    model.sulks = false;
    await model.restart(signal);
  };
  const { left } = await judge(model.address, { only: ["VOL-20"], setting: { restart } });
  assert.deepEqual(left, []);
  assert.deepEqual(signals, ["SIGKILL"]);
});

test("a mount of a volume that is not there is nothing left behind, whatever its Unmount says; one of a volume is", async () => {
  let isThere = false;
  await using model = await serveModel({
    ...activate,
    "VolumeDriver.Mount": () => ({ Mountpoint: "/nonexistent" }),
    "VolumeDriver.Unmount": () => assert.fail("no such mount"),
    "VolumeDriver.Get": ({ Name }: { Name: string }) => ({ Volume: isThere ? { Name } : null }),
  });
  const absent = await judge(model.address, { only: ["VOL-30"] });
  assert.deepEqual([idsOf(absent, "failed"), absent.left], [["VOL-30"], []]);
  isThere = true;
  const present = await judge(model.address, { only: ["VOL-30"] });
  assert.match(present.left.join("\n"), /^mount "or-.*: no such mount$/);
});

test("a managed plugin that refuses the handshake is judged by the protocols of its config.json", async () => {
  await using model = await serveModel({ "VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "local" } }) });
  const types = ["docker.volumedriver/1.0", "docker.nothing/1.0"];
  await writeFile(join(model.folder, "config.json"), JSON.stringify({ interface: { types } }));
  const result = await judge(model.address, { only: ["VOL-01"], setting: { managedFolder: model.folder } });
  assert.deepEqual([result.protocols, idsOf(result, "passed")], [["VolumeDriver"], ["VOL-01"]]);
  await writeFile(join(model.folder, "config.json"), "{");
  assert.deepEqual(
    (await judge(model.address, { only: ["VOL-01"], setting: { managedFolder: model.folder } })).cases,
    [],
  );
});

test("an answer that Go cannot decode is no success", async () => {
  for (const body of ["[]", '"yes"', "no JSON"]) {
    const intercept: Intercept = ({ url }, response) => url === "/VolumeDriver.Create" && Boolean(response.end(body));
    await using model = await serveModel(activate, { intercept });
    const { cases } = await judge(model.address, { only: ["VOL-04"] });
    assert.match(cases[0]?.message ?? "", /Create .* got 200 with .*; answer a JSON object/, body);
  }
});

test("a pool is asked for with the options of the run", async () => {
  const given: unknown[] = [];
  const handlers = {
    "Plugin.Activate": () => ({ Implements: ["IpamDriver"] }),
    "IpamDriver.GetDefaultAddressSpaces": () => ({ LocalDefaultAddressSpace: "local" }),
    "IpamDriver.RequestPool": ({ Pool, Options }: { Pool: string; Options: object }) => {
      given.push(Options);
      return { PoolID: Pool, Pool };
    },
    "IpamDriver.ReleasePool": () => ({}),
  };
  await using model = await serveModel(handlers, { errorKey: "Error" });
  const options = { site: "north" };
  const result = await judge(model.address, { only: ["IPM-06", "IPM-07"], setting: { options } });
  assert.deepEqual([idsOf(result, "passed"), idsOf(result, "skipped")], [["IPM-06"], ["IPM-07"]]);
  assert.ok(given.length > 0);
  for (const one of given) assert.deepEqual(one, options);
});
