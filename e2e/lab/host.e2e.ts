import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run, startChild } from "@outrigger/linux";
import { lab, type Host } from "./index.ts";
import { until } from "./until.ts";

for (const engine of lab.engines()) {
  const skip = lab.skip(engine);

  test(`a container of ${engine} runs, prints, and has the image's files`, { skip }, async () => {
    await using host = await lab.host({ engine });
    await host.image("files", { "/etc/greeting": "hello", "/data/deep/er": "x" });
    assert.equal(await host.docker(["run", "--rm", "files", "cat", "/etc/greeting"]), "hello");
    const asNobody = [
      "run",
      "--rm",
      "--user=65534",
      "files",
      "sh",
      "-c",
      "id -u; cat /data/deep/er; ip -o link | wc -l",
    ];
    assert.equal(await host.docker(asNobody), "65534\nx2");
    const version = await host.docker(["version", "--format={{.Server.Version}}"]);
    assert.ok(engine === "own" || version.startsWith(engine), version);
    await assert.rejects(host.docker(["run", "--rm", "files", "cat", "/none"]), /can't open '\/none'/);
  });

  test(`docker exec and docker cp of ${engine} act in the container`, { skip }, async () => {
    await using host = await lab.host({ engine });
    await host.image("busybox");
    await host.docker(["run", "--detach", "--name=one", "busybox", "sleep", "1000"]);
    await host.docker(["exec", "one", "sh", "-c", "echo inside >/mark"]);
    await host.docker(["cp", "one:/mark", join(host.share, "mark")]);
    assert.equal(await readFile(host.path(join(host.share, "mark")), "utf8"), "inside\n");
    assert.equal(existsSync(host.path("/mark")), false);
  });

  test(`${engine} starts again after kill -9 and after stop, and leaves no process behind`, { skip }, async () => {
    await using host = await lab.host({ engine });
    await host.image("busybox");
    for (const how of ["kill9", "stop", "kill9"] as const) {
      await host.engine[how]();
      assert.equal(await socketAnswers(host), false);
      await until("the engine's processes have ended and are no zombies", async () => {
        const { stdout } = await host.run(["ps", "-eo", "comm="]);
        return !/dockerd|shim|defunct/.test(stdout);
      });
      await host.engine.start();
      assert.equal(await host.docker(["run", "--rm", "busybox", "echo", how]), how);
    }
    await assert.rejects(host.engine.start(), /runs already; stop it first/);
  });

  test(`with live-restore a container outlives ${engine}, stopped or killed`, { skip }, async () => {
    await using host = await lab.host({ engine });
    await host.image("busybox");
    await host.engine.stop();
    await host.engine.start({ liveRestore: true });
    await host.docker(["run", "--detach", "--name=lasting", "busybox", "sleep", "1000"]);
    const before = await processOf(host, "lasting");
    for (const how of ["stop", "kill9", "stop"] as const) {
      await host.engine[how]();
      await host.run(["kill", "-0", before.split(" ")[0] ?? ""]);
      await host.engine.start({ liveRestore: true });
      assert.equal(await processOf(host, "lasting"), before);
      assert.equal(await host.docker(["exec", "lasting", "echo", "alive"]), "alive");
    }
    await host.docker(["rm", "--force", "lasting"]);
  });

  test(`an engine of ${engine} that cannot start tells the end of its log`, { skip }, async () => {
    await using host = await lab.host({ engine });
    await host.engine.stop();
    await assert.rejects(host.engine.start({ args: ["--no-such-flag"] }), /ended as it started.*unknown flag/s);
    await host.engine.start();
  });

  test(`mounts made while ${engine} runs reach its containers, and theirs the host`, { skip }, async () => {
    await using host = await lab.host({ engine });
    await host.image("busybox");
    await host.run(["mkdir", "-p", "/var/lib/outrigger/tmpfs", "/var/lib/outrigger/bound", "/var/lib/outrigger/late"]);
    await host.run(["mount", "-t", "tmpfs", "memory", "/var/lib/outrigger/tmpfs"]);
    await host.run(["sh", "-c", "echo held in memory >/var/lib/outrigger/tmpfs/file"]);
    await host.run(["mount", "--bind", "/var/lib/outrigger/tmpfs", "/var/lib/outrigger/bound"]);
    for (const folder of ["tmpfs", "bound"]) {
      const seen = await host.docker([
        "run",
        "--rm",
        `-v=/var/lib/outrigger/${folder}:/seen`,
        "busybox",
        "cat",
        "/seen/file",
      ]);
      assert.equal(seen, "held in memory");
    }
    const shared = "--mount=type=bind,source=/var/lib/outrigger,target=/shared,bind-propagation=rshared";
    await host.docker(["run", "--detach", "--cap-add=SYS_ADMIN", "--name=both", shared, "busybox", "sleep", "1000"]);
    await host.run(["mount", "-t", "tmpfs", "memory", "/var/lib/outrigger/late"]);
    await host.docker([
      "exec",
      "both",
      "sh",
      "-c",
      "grep /shared/late /proc/mounts && mkdir /shared/back && mount -t tmpfs memory /shared/back",
    ]);
    await host.run(["mountpoint", "/var/lib/outrigger/back"]);
    await host.run(["umount", "/var/lib/outrigger/tmpfs", "/var/lib/outrigger/bound", "/var/lib/outrigger/back"]);
    assert.equal(await host.docker(["exec", "both", "sh", "-c", "grep -c /shared/ /proc/mounts"]), "1");
  });

  test(`nothing of a host with ${engine} is left when it is disposed`, { skip }, async () => {
    const host = await lab.host({ engine });
    await host.image("busybox");
    await host.docker(["run", "--detach", "busybox", "sleep", "1000"]);
    const stopped = await host.start(["sleep", "1000"]);
    stopped.kill("SIGSTOP");
    const processes = await processesOn(host);
    assert.notDeepEqual(await leftOf(host.name, processes), nothing);
    await host[Symbol.asyncDispose]();
    assert.deepEqual(await leftOf(host.name, processes), nothing);
    assert.deepEqual(await stopped.ended, { code: null, signal: "SIGKILL" });
  });

  test(
    `nothing of a host with ${engine} is left when its owner is killed and another host is made`,
    { skip },
    async () => {
      const script = `
      const { lab } = await import(${JSON.stringify(import.meta.resolve("./index.ts"))});
      const host = await lab.host({ engine: ${JSON.stringify(engine)} });
      await host.image("busybox");
      await host.docker(["run", "--detach", "busybox", "sleep", "1000"]);
      console.log(JSON.stringify({ name: host.name, pid: host.pid }));
      await host.start(["sleep", "1000"]);`;
      await using owner = await startChild([process.execPath, "--input-type=module", "--eval", script], {
        env: { ...process.env } as Record<string, string>,
      });
      await until("the owner has a host", () => owner.output().endsWith("}\n"));
      const host = JSON.parse(owner.output()) as Pick<Host, "name" | "pid">;
      const processes = await processesOn(host);
      owner.kill("SIGKILL");
      await until(
        "the host's processes are gone",
        async () => (await leftOf(host.name, processes)).processes.length === 0,
      );
      await using _next = await lab.host({ engine });
      assert.deepEqual(await leftOf(host.name, processes), nothing);
    },
  );
}

test("a story is skipped with the reason and the way out, and on CI it fails with them", async (t) => {
  const { CI } = process.env;
  t.after(() => (CI === undefined ? delete process.env.CI : (process.env.CI = CI)));
  const reason = /there is no engine "1\.0"; use .*|the lab needs/;
  delete process.env.CI;
  assert.match(String(lab.skip("1.0")), reason);
  process.env.CI = "true";
  assert.equal(lab.skip("1.0"), false);
  await assert.rejects(lab.host({ engine: "1.0" }), reason);
});

test("processes on a host have a host name, a loopback and a network of their own", { skip: lab.skip() }, async () => {
  await using host = await lab.host();
  assert.equal((await host.run(["hostname"])).stdout, `${host.name}\n`);
  const links = await host.run(["ls", "/sys/class/net"]);
  assert.deepEqual(links.stdout.trim().split("\n").sort(), ["docker0", "lo"]);
  const listen = `require("node:net").createServer().listen(0, "127.0.0.1", () => process.exit(0))`;
  await host.run(["node", "--eval", listen]);
});

test(
  "a process on a host runs on this Node, gets signals and ends with its own code",
  { skip: lab.skip() },
  async () => {
    await using host = await lab.host();
    const script = `process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log(process.version)`;
    await using child = await host.start(["node", "--eval", script]);
    await until("it has printed", () => child.output() !== "");
    assert.equal(child.output(), `${process.version}\n`);
    child.kill("SIGTERM");
    assert.deepEqual(await child.ended, { code: 5, signal: null });
  },
);

test(
  "two scripts lead onto a host from the machine: to the engine's own docker, and to its processes",
  { skip: lab.skip() },
  async () => {
    await using host = await lab.host();
    const { stdout } = await run([host.dockerScript, "info", "--format", "{{.Name}} is its name"]);
    assert.equal(stdout, `${host.name} is its name\n`);
    const enter = join(dirname(host.dockerScript), "enter");
    assert.equal((await run([enter, "hostname"])).stdout, `${host.name}\n`);
    assert.match((await run([enter], { input: "ps -e" })).stdout, /dockerd/);
  },
);

const nothing = { processes: [], cgroups: [], mounts: [], folders: [] };

test(
  "an engine of one's own runs from a root folder without busybox and ip, whatever the folder's name",
  {
    skip: process.env.OUTRIGGER_ENGINE_ROOT === undefined ? lab.skip("20.10") : "OUTRIGGER_ENGINE_ROOT is in use",
  },
  async () => {
    const made = fileURLToPath(new URL("../../.lab/engines/20.10", import.meta.url));
    const folder = await mkdtemp(`${dirname(made)}/.own, with: a \\ name-`);
    try {
      await run(["cp", "--archive", "--link", `${made}/.`, folder]);
      for (const command of ["bin/busybox", "bin/ip", "sbin/ip"]) await rm(join(folder, command));
      process.env.OUTRIGGER_ENGINE_ROOT = folder;
      assert.deepEqual(lab.engines(), ["own"]);
      await using host = await lab.host({ engine: "own" });
      await host.image("busybox");
      assert.equal(await host.docker(["run", "--rm", "busybox", "echo", "own"]), "own");
      process.env.OUTRIGGER_ENGINE_ROOT = join(folder, "etc");
      await assert.rejects(lab.host(), /has no dockerd; name a root folder that has one/);
    } finally {
      delete process.env.OUTRIGGER_ENGINE_ROOT;
      await rm(folder, { recursive: true, force: true });
    }
  },
);

/** What is still there of a host and of processes that were on it. */
async function leftOf(name: string, processes: readonly string[]): Promise<Record<keyof typeof nothing, string[]>> {
  const now = await Promise.all(processes.map((process) => identityOf(process.split(" ")[0] ?? "")));
  const groups = await run(["find", "/sys/fs/cgroup", "-name", name]);
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return {
    processes: processes.filter((process) => now.includes(process)),
    cgroups: linesOf(groups.stdout),
    mounts: linesOf(mounts).filter((line) => line.includes(name)),
    folders: (await readdir("/var/tmp")).filter((folder) => folder === name),
  };
}

async function processesOn(host: Pick<Host, "pid">): Promise<string[]> {
  const namespace = await readlink(`/proc/${host.pid}/ns/pid`);
  const processes: string[] = [];
  for (const pid of await readdir("/proc")) {
    const link = await readlink(`/proc/${pid}/ns/pid`).catch(() => undefined);
    if (link === namespace) processes.push(await identityOf(pid));
  }
  return processes;
}

/** A process id with its start time, because ids are used again, as are the numbers of namespaces. */
async function identityOf(pid: string): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return `${pid} ${stat.slice(stat.lastIndexOf(")")).split(" ")[20]}`;
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** The id and the start of a container's process: another one would differ. */
function processOf(host: Host, container: string): Promise<string> {
  return host.docker(["inspect", "--format={{.State.Pid}} {{.State.StartedAt}} {{.State.Running}}", container]);
}

function socketAnswers(host: Host): Promise<boolean> {
  return host.docker(["version"]).then(
    () => true,
    () => false,
  );
}
