import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { chmod } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { main, outrigger, startOutrigger } from "./command.ts";
import { scratch } from "./scratch.ts";

interface Report {
  readonly plugin: string;
  readonly address: string;
  readonly protocols: readonly string[];
  readonly summary: object;
  readonly cases: readonly { readonly id: string; readonly status: string; readonly message: string }[];
}

interface ServedPlugin extends AsyncDisposable {
  readonly calls: readonly string[];
  /** Resolves with the next call of a method; rejects after half a minute without one. */
  called(method: string): Promise<void>;
}

/** A plugin by what it answers to a method; undefined leaves the call hanging. */
async function servePlugin(path: string, answers: Readonly<Record<string, object | undefined>>): Promise<ServedPlugin> {
  const calls: string[] = [];
  const seen = new EventEmitter();
  const server = createServer((incoming, response) => {
    const method = (incoming.url ?? "").slice(1);
    calls.push(method);
    seen.emit(method);
    incoming.resume().on("end", () => {
      const answer = answers[method];
      if (answer !== undefined) response.end(JSON.stringify(answer));
      else if (!(method in answers)) response.writeHead(404).end(JSON.stringify({ Err: "no such method" }));
    });
  });
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  return {
    calls,
    called: async (method) => void (await once(seen, method, { signal: AbortSignal.timeout(30_000) })),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const volumes = { "Plugin.Activate": { Implements: ["VolumeDriver"] } };
const nothing = { "Plugin.Activate": { Implements: ["nothing"] } };
const handshake = ["--only", "HS-01,HS-02"];

test("a plugin found by its name is judged, and the report keeps its shape", async () => {
  await using place = await scratch();
  await using _plugin = await servePlugin(`${place.plugins}/good.sock`, volumes);
  const { status, stdout } = await outrigger(["conform", "good", "--json", ...handshake, ...place.flags]);
  // What was printed by --json.
  const report = JSON.parse(stdout) as Report;
  assert.equal(status, 0);
  assert.deepEqual(report.summary, { passed: 2, failed: 0, skipped: 0 });
  assert.deepEqual(
    [report.plugin, report.address, report.protocols],
    ["good", `unix://${place.plugins}/good.sock`, ["VolumeDriver"]],
  );
  assert.deepEqual(Object.keys(report.cases[0] ?? {}), [
    "id",
    "protocol",
    "severity",
    "status",
    "title",
    "message",
    "rule",
  ]);
});

test("a plugin is judged by its .spec file and by its address", async () => {
  await using place = await scratch();
  const address = `unix://${place.plugins}/good.sock`;
  await using _plugin = await servePlugin(`${place.plugins}/good.sock`, volumes);
  const spec = await place.write("specs/other.spec", address);
  for (const target of [spec, address, `${place.plugins}/good.sock`]) {
    const { status, stdout } = await outrigger(["conform", target, ...handshake]);
    assert.equal(status, 0, target);
    assert.match(stdout, /2 passed, 0 failed, 0 skipped/);
  }
  const { status, stderr } = await outrigger(["conform", place.path("specs/gone.spec")]);
  assert.equal(status, 3);
  assert.match(stderr, /there is no plugin file .*gone\.spec/);
});

test("a failed MUST gives exit code 1, and shows the rule, the bytes and a line for the shell", async () => {
  await using place = await scratch();
  await using _plugin = await servePlugin(place.path("bad.sock"), nothing);
  const { status, stdout } = await outrigger(["conform", place.path("bad.sock"), ...handshake]);
  assert.equal(status, 1);
  assert.match(stdout, /^FAIL {2}HS-02 +MUST: Implements names/m);
  assert.match(stdout, /rule: moby\/moby pkg\/plugins\/plugins\.go/);
  assert.match(stdout, /> POST \/Plugin\.Activate HTTP\/1\.1\n/);
  assert.match(stdout, /< \{"Implements":\["nothing"\]\}\n/);
  assert.match(stdout, /\$ curl -sS --unix-socket '.*bad\.sock' -X POST .*Plugin\.Activate'\n/);
  assert.match(stdout, /does not conform: HS-02\n$/);
});

test("a known failure does not count, and one that is gone is told", async () => {
  await using place = await scratch();
  await using _plugin = await servePlugin(place.path("bad.sock"), nothing);
  const file = await place.write("known.txt", "HS-01\nHS-02 # says nothing\n");
  const { status, stdout } = await outrigger(["conform", place.path("bad.sock"), "--allow", file, ...handshake]);
  assert.equal(status, 0);
  assert.match(stdout, /1 passed, 1 failed \(1 known\), 0 skipped/);
  assert.match(stdout, /need not be allowed: HS-01/);

  await place.write("known.txt", "HS-99\n");
  const wrong = await outrigger(["conform", place.path("bad.sock"), "--allow", file]);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /known\.txt:1: there is no case "HS-99"/);
});

test("TAP and JUnit go to standard output, and nothing else does", async () => {
  await using place = await scratch();
  await using _plugin = await servePlugin(place.path("bad.sock"), nothing);
  const tap = await outrigger(["conform", place.path("bad.sock"), "--format", "tap", ...handshake]);
  assert.match(tap.stdout, /^TAP version 14\n1\.\.2\nok 1 - HS-01 .*\nnot ok 2 - HS-02 /);
  const junit = await outrigger(["conform", place.path("bad.sock"), "--format", "junit", ...handshake]);
  assert.match(junit.stdout, /^<\?xml .*\n<testsuites [^]*<\/testsuites>\n$/);
  assert.deepEqual([tap.status, junit.status], [1, 1]);
});

test("a command that serves the plugin is started for the run and ended with it", async () => {
  await using place = await scratch();
  const plugin = ["serve", "volume-local", "--root", place.path("volumes"), "--plugins-dir", place.plugins];
  const command = [process.execPath, main, ...plugin];
  const args = ["conform", "volume-local", ...handshake, ...place.flags, "--", ...command];
  const { status, stdout, stderr } = await outrigger(args);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /2 passed, 0 failed, 0 skipped/);
  const after = await outrigger(["ls", "--json", ...place.flags]);
  assert.match(after.stdout, /"plugins": \[\]/);
});

test("a command that ends before its plugin is there is told with what it said", async () => {
  await using place = await scratch();
  const { status, stderr } = await outrigger(["conform", place.path("x.sock"), "--", "sh", "-c", "echo no disk >&2"]);
  assert.equal(status, 3);
  assert.match(stderr, /ended with code 0 before its plugin could be dialled: no disk/);
});

test("Ctrl-C ends the run, and what it made is taken away", async () => {
  await using place = await scratch();
  await using plugin = await servePlugin(place.path("slow.sock"), {
    ...volumes,
    "VolumeDriver.Create": {},
    "VolumeDriver.Remove": {},
    "VolumeDriver.Get": undefined,
  });
  await using running = startOutrigger(["conform", place.path("slow.sock"), "--only", "VOL-13"]);
  await plugin.called("VolumeDriver.Get");
  assert.ok(!plugin.calls.includes("VolumeDriver.Remove"));
  const { status, stdout } = await running.stop("SIGINT");
  assert.equal(status, 1);
  assert.match(stdout, /the run was interrupted/);
  assert.ok(plugin.calls.includes("VolumeDriver.Remove"), plugin.calls.join());
});

test("cases that nobody has are refused with the nearest, and --chaos without a way to restart", async () => {
  await using place = await scratch();
  const unknown = await outrigger(["conform", "x", "--only", "HS-0l", ...place.flags]);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /there is no case "HS-0l"; did you mean HS-01\?/);
  await using _plugin = await servePlugin(`${place.plugins}/good.sock`, volumes);
  const chaos = await outrigger(["conform", "good", "--chaos", ...place.flags]);
  assert.equal(chaos.status, 2);
  assert.match(chaos.stderr, /--chaos has to restart the plugin; give its command behind --, or --restart-command/);
});

test("--folder judges a managed plugin's folder, alone or beside the plugin", async () => {
  await using place = await scratch();
  const config = { interface: { types: ["docker.volumedriver/1.0"], socket: "x.sock" }, entrypoint: ["/plugin"] };
  await place.write("managed/rootfs/run/docker/plugins/.keep", "");
  await chmod(await place.write("managed/rootfs/plugin", "#!/bin/sh\n"), 0o755);
  await place.write("managed/config.json", JSON.stringify(config));
  const alone = await outrigger(["conform", "--folder", place.path("managed")]);
  assert.equal(alone.status, 0, alone.stderr);
  assert.match(alone.stdout, /^pass {2}MP-01 [^]*^pass {2}MP-10 /m);
  assert.doesNotMatch(alone.stdout, /HS-01/);

  await place.write("managed/config.json", JSON.stringify({ ...config, entrypoint: ["/gone"] }));
  // As some do, it knows no handshake, which a managed plugin never gets.
  const capabilities = { "VolumeDriver.Capabilities": { Capabilities: { Scope: "local" } } };
  await using _plugin = await servePlugin(place.path("x.sock"), capabilities);
  const only = ["--only", "MP-10,VOL-01"];
  const both = await outrigger(["conform", place.path("x.sock"), "--folder", place.path("managed"), ...only]);
  assert.equal(both.status, 1);
  assert.match(
    both.stdout,
    /^FAIL {2}MP-10 [^]*the entrypoint \/gone is no executable file of rootfs[^]*^pass {2}VOL-01 /m,
  );
});

test("--secret names a secret, without which its cases are skipped", async () => {
  await using place = await scratch();
  await using _plugin = await servePlugin(place.path("vault.sock"), {
    "Plugin.Activate": { Implements: ["secretprovider"] },
    "SecretProvider.GetSecret": { Value: Buffer.from("hush").toString("base64") },
  });
  const args = ["conform", place.path("vault.sock"), "--only", "SEC-01"];
  const without = await outrigger(args);
  assert.match(without.stdout, /^skip {2}SEC-01 .*: no secret of the plugin is known; .*--secret/m);
  const { status, stdout } = await outrigger([...args, "--secret", "db-password"]);
  assert.equal(status, 0);
  assert.match(stdout, /^pass {2}SEC-01 /m);
});

test("--list names every case and judges none", async () => {
  const { status, stdout } = await outrigger(["conform", "--list"]);
  assert.equal(status, 0);
  assert.match(stdout, /^HS-01 +MUST +Activate/);
});
