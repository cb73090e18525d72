// A hundred of everything at once on a few names, through the engine: whatever won, all agree at the end.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { lab } from "@outrigger/e2e/lab";
import { callEngine, type ApiAnswer } from "./engine-api.ts";
import { servePlugins } from "./plugin-on-host.ts";
import { assertNothingLeft, callDirectly, driver, plantSentinel } from "./volume-story.ts";

const newest = lab.engines().at(-1);
const names = Array.from({ length: 10 }, (_, index) => `shared-${index}`);
const hundred = Array.from({ length: 100 }, (_, index) => index);

test(
  "a hundred creates, mounts, unmounts and removes at once on ten names end in one truth",
  { skip: lab.skip(newest) },
  async () => {
    await using host = await lab.host(newest === undefined ? {} : { engine: newest });
    await plantSentinel(host);
    await host.image("busybox");
    await using plugin = await servePlugins(host);
    const call: Call = (method, path, body) => callEngine(host, { method, path, body });
    const create = (name: string): Promise<ApiAnswer> =>
      call("POST", "/volumes/create", { Name: name, Driver: driver });
    const remove = (name: string): Promise<ApiAnswer> => call("DELETE", `/volumes/${name}`);
    const answers = (what: string, given: readonly ApiAnswer[], allowed: readonly number[]): void => {
      const wrong = given.filter(({ status }) => !allowed.includes(status));
      assert.deepEqual(wrong, [], what);
    };

    answers("creates", await Promise.all(hundred.map((index) => create(nameOf(index)))), [201]);
    assert.deepEqual((await listed(host)).sort(), names);

    // A copy out of a container that does not run mounts and unmounts its volume.
    await Promise.all(names.map((name) => call("POST", `/containers/create?name=${name}`, containerWith(name))));
    const copies = hundred.map((index) => call("GET", `/containers/${nameOf(index)}/archive?path=/data`));
    const removes = hundred.map((index) => remove(nameOf(index)));
    answers("copies", await Promise.all(copies), [200]);
    answers("removes of what has a container", await Promise.all(removes), [409]);
    await Promise.all(names.map((name) => call("DELETE", `/containers/${name}`)));
    await assertNobodyHolds(call);

    // Mounts past the engine, which keeps what it knows to be used: here a Remove can win.
    const held = await callDirectly({ host, name: driver }, (client) =>
      Promise.all(
        hundred.flatMap((index) => [
          client.mount({ Name: nameOf(index), ID: `holder-${index}` }).then(
            () => index,
            () => undefined,
          ),
          ...(index % 5 === 0 ? [remove(nameOf(index)).then(() => undefined)] : []),
        ]),
      ),
    );
    const holders = held.filter((index) => index !== undefined);
    const there = await listed(host);
    assert.deepEqual(
      [...new Set(holders.map(nameOf))].sort(),
      there.sort(),
      "who got a mount has a volume, and who has none got an error",
    );
    answers("removes of what is held", await Promise.all(there.map(remove)), [409, 500]);

    const ending = await callDirectly({ host, name: driver }, (client) =>
      Promise.allSettled([
        ...holders.map((index) => client.unmount({ Name: nameOf(index), ID: `holder-${index}` })),
        ...hundred.map((index) => create(nameOf(index))),
      ]),
    );
    assert.deepEqual(
      ending.filter(({ status }) => status === "rejected"),
      [],
    );
    await assertNobodyHolds(call);

    const mixed = await Promise.all(
      hundred.map((index) => (index % 2 === 0 ? remove(nameOf(index >> 1)) : create(nameOf(index >> 1)))),
    );
    answers("creates and removes", mixed, [201, 204, 404, 409]);
    const known = Object((await call("GET", "/volumes")).body).Volumes as readonly { Name: string }[];
    assert.deepEqual(
      known.map(({ Name }) => Name).sort(),
      (await listed(host)).sort(),
      "engine and plugin know the same",
    );
    answers("removes", await Promise.all(names.map(remove)), [204, 404]);
    assert.deepEqual(await readdir(host.path(join("/var/lib/outrigger", driver, "volumes"))), []);
    await assertNothingLeft(host, [{ plugin, name: driver }]);
  },
);

function nameOf(index: number): string {
  return `shared-${index % names.length}`;
}

async function listed(host: Parameters<typeof callDirectly>[0]["host"]): Promise<string[]> {
  const { Volumes } = await callDirectly({ host, name: driver }, (client) => client.list());
  return (Volumes ?? []).map(({ Name }) => Name);
}

type Call = (method: "GET" | "POST" | "DELETE", path: string, body?: unknown) => Promise<ApiAnswer>;

function containerWith(volume: string): object {
  const Mounts = [{ Type: "volume", Source: volume, Target: "/data" }];
  return { Image: "busybox", Cmd: ["true"], HostConfig: { NetworkMode: "none", Mounts } };
}

async function assertNobodyHolds(call: Call): Promise<void> {
  for (const name of names) {
    const { body } = await call("GET", `/volumes/${name}`);
    assert.deepEqual(Object(body).Status?.holders, [], name);
  }
}
