import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { runCases, type RunResult, type Setting } from "@outrigger/conformance";
import { lookup, type PluginEntry } from "@outrigger/engine";
import { assertFaults, type Fault } from "./faults.ts";
import { idsOf, serveModel, type Handler, type Handlers } from "./model.ts";
import { transportModel } from "./transport-model.ts";

test("a plugin found by its file, with a managed folder, passes the cases of files and folders", async () => {
  await using scratch = await makeScratch();
  await using model = await serveModel(transportModel());
  const target = await entry(scratch.folder, "good.spec", model.address);
  const managedFolder = await managed(scratch.folder);
  const result = await judge({ target, managedFolder, restart: model.restart, patienceMs: 5000 });
  assert.deepEqual(
    result.cases.filter(({ status }) => status === "failed").map(({ id, message }) => `${id} ${message}`),
    [],
  );
  // There is no .json, the .spec stays, and the model mounts where its folder says nothing.
  assert.deepEqual(idsOf(result, "skipped"), ["LF-02", "LF-05", "MP-07"]);
});

test("a .json file passes, and a plugin that takes its own file away", async () => {
  await using scratch = await makeScratch();
  await using model = await serveModel(transportModel());
  const target = await entry(scratch.folder, "good.json", JSON.stringify({ addr: model.address }));
  const restart: Setting["restart"] = (signal, whileDown) =>
    model.restart(signal, async () => {
      await rm(target.file);
      await whileDown?.();
      await writeFile(target.file, "{}");
    });
  assert.deepEqual(idsOf(await judge({ target, restart, patienceMs: 5000 }, ["LF"]), "passed"), [
    "LF-01",
    "LF-02",
    "LF-03",
    "LF-04",
    "LF-05",
  ]);
});

test("a folder alone is judged without dialling", async () => {
  await using scratch = await makeScratch();
  const managedFolder = await managed(scratch.folder);
  const result = await judge({ target: managedFolder, managedFolder, patienceMs: 100 });
  assert.deepEqual(idsOf(result, "passed"), ["MP-01", "MP-02", "MP-08", "MP-09", "MP-10"]);
  assert.equal(result.address, managedFolder);
});

test("each fault of a file fails its own cases", async () => {
  await using scratch = await makeScratch();
  const file = (title: string, fails: readonly string[], [name, text]: [name: string, text: string]): Fault => ({
    title,
    fails,
    judge: async () => judge({ target: await entry(scratch.folder, name, text), patienceMs: 100 }, ["LF"]),
  });
  await using model = await serveModel(transportModel());
  await using secure = await serveModel(transportModel());
  await assertFaults([
    file("two URLs", ["LF-01", "LF-03"], ["two.spec", `unix:///x\nunix:///y ${"x".repeat(100)}`]),
    file("no scheme", ["LF-01"], ["bare.spec", "localhost:9999/"]),
    file("no Addr", ["LF-02"], ["none.json", "{}"]),
    file("no JSON", ["LF-02"], ["broken.json", "{"]),
    file("a long path", ["LF-03"], ["long.spec", `unix:///${"x".repeat(120)}`]),
    file("two slashes", ["LF-02", "LF-03"], ["relative.json", '{"Addr":"unix:run/plugin.sock"}']),
    {
      title: "a path in the URL",
      fails: ["LF-04"],
      judge: async () => {
        await using tcp = await serveModel(transportModel(), { tcp: true });
        const target = await entry(scratch.folder, "path.spec", `${tcp.address}/plugin`);
        return await judge({ target, patienceMs: 100 }, ["LF"]);
      },
    },
    {
      title: "https in a .spec",
      fails: ["LF-01"],
      judge: async () => {
        const target = await entry(scratch.folder, "secure.spec", "https://localhost:1");
        // Nothing listens there; the file alone is judged.
        return judge({ target: { ...target, address: undefined }, patienceMs: 100 }, ["LF"]);
      },
    },
    {
      title: "https in a .json without CAFile",
      fails: ["LF-01"],
      judge: async () => {
        const text = '{"Addr":"https://localhost:1","TLSConfig":{"InsecureSkipVerify":true}}';
        const target = await entry(scratch.folder, "secure.json", text);
        return judge({ target: { ...target, address: undefined }, patienceMs: 100 }, ["LF"]);
      },
    },
    {
      title: "the plugin's own file is left over",
      fails: ["LF-05"],
      judge: async () => {
        const target = await entry(scratch.folder, "left.spec", model.address);
        const restart: Setting["restart"] = (signal, whileDown) =>
          model.restart(signal, async () => {
            await whileDown?.();
            await rm(target.file);
            await writeFile(target.file, model.address);
          });
        return judge({ target, restart, patienceMs: 100 }, ["LF"]);
      },
    },
    {
      title: "the plugin's socket is left over",
      fails: ["LF-05"],
      judge: async () => {
        const path = secure.address.slice("unix://".length);
        const target = await entry(secure.folder, "model.sock", undefined);
        const restart: Setting["restart"] = (signal, whileDown) =>
          secure.restart(signal, async () => {
            await writeFile(path, "");
            await whileDown?.();
          });
        return judge({ target, restart, patienceMs: 100 }, ["LF"]);
      },
    },
  ]);
});

test("each fault of a managed plugin fails its own cases", async () => {
  await using scratch = await makeScratch();
  const folder = (
    title: string,
    fails: readonly string[],
    { also, ...change }: { also?: (folder: string) => Promise<void>; [key: string]: unknown },
  ): Fault => ({
    title,
    fails,
    judge: async () => {
      const managedFolder = await managed(scratch.folder, change);
      await also?.(managedFolder);
      return judge({ target: managedFolder, managedFolder, patienceMs: 100 });
    },
  });
  const live = (title: string, fails: readonly string[], how: Live): Fault => ({
    title,
    fails,
    judge: async () => judgeLive(await managed(scratch.folder, { propagatedMount: "/data" }), how),
  });
  let activated = true;
  let starts = 0;
  await assertFaults([
    folder("no types", ["MP-01"], { interface: { socket: "x.sock" } }),
    folder("an unknown type", ["MP-01"], { interface: { socket: "x.sock", types: ["docker.volumedriver/2.0"] } }),
    folder("no JSON", ["MP-01", "MP-02", "MP-07", "MP-08", "MP-09", "MP-10"], {
      also: (path) => writeFile(join(path, "config.json"), "{"),
    }),
    folder("no socket", ["MP-02"], { interface: { types: ["docker.volumedriver/1.0"] } }),
    folder("another scheme", ["MP-02"], {
      interface: { types: ["docker.volumedriver/1.0"], socket: "x.sock", protocolScheme: "grpc" },
    }),
    folder("no folder for the socket", ["MP-02"], {
      also: (path) => rm(join(path, "rootfs/run"), { recursive: true }),
    }),
    folder("a user", ["MP-08"], { user: { uid: 1000 } }),
    folder("a mount without source", ["MP-09"], { mounts: [{ name: "m", source: null, settable: ["source"] }] }),
    folder("a device without path", ["MP-09"], { linux: { devices: [{ name: "d", settable: ["path"] }] } }),
    folder("no entrypoint", ["MP-10"], { entrypoint: [] }),
    folder("no such program", ["MP-10"], { entrypoint: ["/none"] }),
    folder("no program", ["MP-10"], { entrypoint: ["/run"] }),
    folder("not executable", ["MP-10"], { also: (path) => chmod(join(path, "rootfs/bin/plugin"), 0o644) }),
    folder("a link out of rootfs", ["MP-10"], {
      entrypoint: ["/out"],
      also: (path) => symlink(process.execPath, join(path, "rootfs/out")),
    }),
    live("it mounts elsewhere", ["MP-07"], {}),
    live("it needs a handshake", ["MP-04"], {
      mountpoint: "/data/x",
      list: () => {
        if (!activated) throw new Error("not activated");
        return { Volumes: [] };
      },
      activate: () => (activated = true),
      afterStart: async () => void (activated = false),
      only: ["MP-04"],
    }),
    live("it forgets", ["MP-05", "MP-06"], { mountpoint: "/data/x", forgets: true }),
    live("it does not come back", ["MP-03"], {
      mountpoint: "/data/x",
      staysDown: () => (starts += 1) % 2 === 1,
      only: ["MP-03"],
    }),
    live("it ignores SIGTERM", ["MP-05"], { mountpoint: "/data/x", slowEnd: true, only: ["MP-05"] }),
  ]);
});

interface Live {
  /** Of every volume; a path of its own by default. */
  readonly mountpoint?: string;
  readonly list?: () => unknown;
  readonly activate?: () => unknown;
  readonly afterStart?: () => Promise<void>;
  readonly forgets?: true;
  /** Whether this start fails. */
  readonly staysDown?: () => boolean;
  readonly slowEnd?: true;
  readonly only?: readonly string[];
}

async function judgeLive(managedFolder: string, how: Live): Promise<RunResult> {
  let sound = transportModel();
  const handlers: Handlers = {
    ...Object.fromEntries(
      Object.keys(sound).map((method): [string, Handler] => [method, (...given) => sound[method]?.(...given)]),
    ),
    ...(how.mountpoint !== undefined && { "VolumeDriver.Mount": () => ({ Mountpoint: how.mountpoint }) }),
    ...(how.list && { "VolumeDriver.List": how.list }),
    ...(how.activate && {
      "Plugin.Activate": () => {
        how.activate?.();
        return { Implements: ["VolumeDriver"] };
      },
    }),
  };
  await using model = await serveModel(handlers);
  const restart: Setting["restart"] = async (signal, whileDown) => {
    if (how.slowEnd === true) await wait(400);
    const down = how.staysDown?.() === true ? (): Promise<void> => Promise.reject(new Error("stays down")) : whileDown;
    await model.restart(signal, down).catch(() => {});
    if (how.forgets === true) sound = transportModel();
    await how.afterStart?.();
  };
  const setting = { target: model.address, managedFolder, restart, patienceMs: 100, callLimitMs: 300 };
  return await judge(setting, how.only ?? ["MP"]);
}

function judge(setting: Setting, only: readonly string[] = ["LF", "MP"]): Promise<RunResult> {
  return runCases(setting, { only });
}

/** Writes a plugin's file, unless it is there already, and finds it as the engine would. */
async function entry(folder: string, name: string, text: string | undefined): Promise<PluginEntry> {
  if (text !== undefined) await writeFile(join(folder, name), text);
  const found = await lookup(name.replace(/\.\w+$/, ""), {
    folders: { sockets: folder, specs: [folder] },
    rules: "engine",
  });
  assert.ok(found);
  return found;
}

let folders = 0;

/** A managed plugin's folder without a fault, but for what is changed in its config.json. */
async function managed(parent: string, change: object = {}): Promise<string> {
  const folder = join(parent, `managed-${(folders += 1)}`);
  await mkdir(join(folder, "rootfs/run/docker/plugins"), { recursive: true });
  await mkdir(join(folder, "rootfs/bin"));
  await writeFile(join(folder, "rootfs/bin/plugin"), "#!/bin/sh\n", { mode: 0o755 });
  await symlink("/bin/plugin", join(folder, "rootfs/entry"));
  const config = {
    interface: { types: ["docker.volumedriver/1.0"], socket: "model.sock" },
    entrypoint: ["/entry"],
    mounts: [{ name: "data", source: "/srv", settable: ["source"] }],
    linux: { capabilities: ["CAP_SYS_ADMIN"] },
    ...change,
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  return folder;
}

async function makeScratch(): Promise<{ readonly folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "outrigger-files-"));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
