// What Compose sends: volumes and containers through the engine's API, with the options that the command line hides.
import assert from "node:assert/strict";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "@outrigger/e2e/lab";
import { callEngine, type ApiAnswer } from "./engine-api.ts";
import { driver, volumeStory } from "./volume-story.ts";

const labels = {
  "com.docker.compose.project": "project",
  "com.docker.compose.version": "2.26.1",
  "com.docker.compose.volume": "data",
};

volumeStory(
  "a Compose project's volumes are made, used, shared and removed, and nothing outside is touched",
  async (given) => {
    const { host, docker, holders } = given;
    const before = await identities(host);
    const api = apiOf(host);
    const driverOpts = { mode: "0750", uid: "12" };
    const made = await api.createVolume("project_data", driverOpts);
    assert.deepEqual([made.status, made.body], [201, { ...Object(made.body), Driver: driver, Name: "project_data" }]);
    // `docker compose up` again: Compose looks first, and creates where it finds nothing; both at once do no harm.
    assert.equal((await api.createVolume("project_data", driverOpts)).status, 201);
    assert.equal(
      await docker("volume", "ls", "-q", "--filter=label=com.docker.compose.project=project"),
      "project_data",
    );

    const mount = { Type: "volume", Source: "project_data", Target: "/data" };
    await api.runContainer("writer", {
      line: "stat -c '%u %a' /data >/data/owner; echo in >/data/file",
      mounts: [mount],
    });
    await api.runContainer("reader", {
      line: "test -e /data/file && ! touch /data/more",
      mounts: [{ ...mount, ReadOnly: true }],
    });
    assert.equal(
      await docker("run", "--rm", "-v", "project_data:/data", "busybox", "sh", "-c", "cat /data/owner; ls /data"),
      "12 750\nfile\nowner",
    );

    // A service that brings its volume along; with NoCopy nothing of the image goes into it.
    await host.image("seeded", { "/data/from-image": "seed" });
    const configured = { Labels: labels, DriverConfig: { Name: driver, Options: { mode: "0700" } } };
    const inline = (name: string, more: object): object => ({
      ...mount,
      Source: name,
      VolumeOptions: { ...configured, ...more },
    });
    await api.runContainer("empty", {
      line: 'test -z "$(ls /data)" && stat -c %a /data | grep -q 700',
      mounts: [inline("project_empty", { NoCopy: true })],
      image: "seeded",
    });
    await api.runContainer("seeded", {
      line: "grep -q seed /data/from-image",
      mounts: [inline("project_seeded", {})],
      image: "seeded",
    });
    for (const name of ["project_data", "project_empty", "project_seeded"]) {
      assert.deepEqual(await holders(name), [], name);
      await docker("volume", "rm", name);
    }
    assert.deepEqual(await identities(host), before);
  },
);

volumeStory("what Compose can be told in a hostile file reaches nothing outside", async ({ host, docker, root }) => {
  const before = await identities(host);
  const api = apiOf(host);
  const refused = async (answer: Promise<ApiAnswer>, shown: unknown): Promise<void> => {
    const { status, body } = await answer;
    assert.ok(status >= 400 && status < 600, `${JSON.stringify(shown)}: ${status} ${JSON.stringify(body)}`);
  };
  for (const name of ["../precious", "project_data/../../precious", "project data", "/var/lib/outrigger/precious"]) {
    await refused(api.createVolume(name, {}), name);
    const mount = { Type: "volume", Source: name, Target: "/data", VolumeOptions: { DriverConfig: { Name: driver } } };
    await refused(api.createContainer("user", { line: "true", mounts: [mount] }), mount);
  }
  for (const options of [
    { device: "/etc" },
    { type: "none", o: "bind", device: "/etc" },
    { mode: "../x" },
    { source: root },
    { "": "" },
  ]) {
    await refused(api.createVolume("project_data", options), options);
  }
  if (host.engine.version !== "20.10") {
    await api.createVolume("project_data", {});
    await docker(
      "run",
      "--rm",
      "-v",
      "project_data:/data",
      "busybox",
      "sh",
      "-c",
      "ln -s /var/lib/outrigger/precious /data/link; mkdir /data/inner; echo in >/data/inner/file",
    );
    const at = (Subpath: string): object[] => [
      { Type: "volume", Source: "project_data", Target: "/data", VolumeOptions: { Subpath } },
    ];
    for (const path of ["../../precious", "link", "/etc", "none"]) {
      await refused(api.startContainer("user", { line: "true", mounts: at(path) }), path);
    }
    await api.runContainer("within", { line: "grep -q in /data/file", mounts: at("inner") });
    await docker("volume", "rm", "project_data");
  }
  assert.equal(await docker("volume", "ls", "-q"), "");
  assert.deepEqual(await identities(host), before);
});

interface ContainerToMake {
  readonly line: string;
  readonly mounts: readonly object[];
  /** `busybox` where left out. */
  readonly image?: string;
}

interface Api {
  readonly createVolume: (name: string, options: object) => Promise<ApiAnswer>;
  readonly createContainer: (name: string, container: ContainerToMake) => Promise<ApiAnswer>;
  /** Creates and starts it; the first answer that is a refusal, after which no container is there. */
  readonly startContainer: (name: string, container: ContainerToMake) => Promise<ApiAnswer>;
  /** Runs it to its end, which has to be good, and removes it. */
  readonly runContainer: (name: string, container: ContainerToMake) => Promise<void>;
}

function apiOf(host: Host): Api {
  const post = (path: string, body?: unknown): Promise<ApiAnswer> => callEngine(host, { method: "POST", path, body });
  const remove = (name: string): Promise<ApiAnswer> =>
    callEngine(host, { method: "DELETE", path: `/containers/${name}?force=1` });
  const createContainer: Api["createContainer"] = (name, { line, mounts, image = "busybox" }) =>
    post(`/containers/create?name=${name}`, {
      Image: image,
      Cmd: ["sh", "-c", line],
      HostConfig: { NetworkMode: "none", Mounts: mounts },
    });
  return {
    createContainer,
    createVolume: (Name, DriverOpts) => post("/volumes/create", { Name, Driver: driver, DriverOpts, Labels: labels }),
    startContainer: async (name, container) => {
      const made = await createContainer(name, container);
      if (made.status >= 400) return made;
      const started = await post(`/containers/${name}/start`);
      await remove(name);
      return started;
    },
    runContainer: async (name, container) => {
      const made = await createContainer(name, container);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const started = await post(`/containers/${name}/start`);
      assert.equal(started.status, 204, JSON.stringify(started.body));
      const ended = await post(`/containers/${name}/wait`);
      assert.equal(Object(ended.body).StatusCode, 0, `${name}: ${JSON.stringify(ended.body)}`);
      await remove(name);
    },
  };
}

/** Each file beside the plugin's root, and the root itself, with the numbers that no other file has at this time. */
async function identities(host: Host): Promise<string[]> {
  const folder = host.path("/var/lib/outrigger");
  const paths = (await readdir(folder, { recursive: true })).filter((path) => !path.startsWith(`${driver}/`));
  const found = await Promise.all(
    paths.sort().map(async (path) => {
      const { dev, ino, mode, nlink, size, mtimeNs } = await lstat(join(folder, path), { bigint: true });
      return [path, dev, ino, mode, nlink, size, path === driver ? 0 : mtimeNs].join(" ");
    }),
  );
  assert.ok(found.length > 3, "a sentinel is there");
  return found;
}
