// The errors of real engines, provoked one by one, each explained by its own entry.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { explain } from "@outrigger/doctor";
import { lab, type Host } from "@outrigger/e2e/lab";
import { CommandError } from "@outrigger/linux";
import { scriptPlugin, type ScriptedPlugin } from "./scripted-plugin.ts";
import { until } from "./plugin-on-host.ts";
import { story } from "./story.ts";

/** One command that fails, and what explains it: the reason first. */
interface Provocation {
  readonly args: readonly string[];
  readonly ids: readonly string[];
  readonly answers?: ScriptedPlugin["answers"];
  /** An engine that has no such error. */
  readonly notOn?: string;
}

const outrigger = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));
const everything = ["VolumeDriver", "NetworkDriver", "IpamDriver", "LogDriver", "authz"];
const run = ["run", "--rm"];
const failing = { Err: "the disk is full" };

const volumes: readonly Provocation[] = [
  {
    args: ["volume", "create", "-d", "raw", "new"],
    answers: { "VolumeDriver.Get": failing, "VolumeDriver.Create": [500, JSON.stringify(failing)] },
    ids: ["plugin-says"],
  },
  {
    args: ["volume", "create", "-d", "raw", "new"],
    answers: { "VolumeDriver.Get": failing, "VolumeDriver.Create": [200, ""] },
    ids: ["empty-answer"],
  },
  {
    args: ["volume", "create", "-d", "raw", "new"],
    answers: { "VolumeDriver.Get": failing, "VolumeDriver.Create": [200, "<html>"] },
    ids: ["answer-not-json"],
  },
  {
    args: ["volume", "create", "-d", "raw", "new"],
    answers: { "VolumeDriver.Get": failing, "VolumeDriver.Create": { Err: 5 } },
    ids: ["answer-wrong-type"],
  },
  {
    args: ["volume", "create", "-d", "raw", "new"],
    answers: { "VolumeDriver.Get": failing, "VolumeDriver.Create": [404, "404 page not found\n"] },
    ids: ["not-implemented"],
  },
  { args: ["volume", "create", "-d", "lacking", "new"], ids: ["wrong-protocol"] },
  { args: ["volume", "create", "-d", "local", "data"], ids: ["volume-name-conflict"] },
  { args: ["volume", "create", "my/data"], ids: ["volume-name-invalid"] },
  { args: ["volume", "create", "-o", "server=db1", "new"], ids: ["local-driver-option"] },
  { args: ["volume", "rm", "data"], ids: ["volume-in-use"] },
  { args: ["volume", "rm", "nowhere"], answers: { "VolumeDriver.Get": failing }, ids: ["no-such-volume"] },
  {
    args: [...run, "-v", "data:/data", "busybox", "true"],
    answers: { "VolumeDriver.Mount": [500, JSON.stringify(failing)] },
    ids: ["plugin-says", "mount-failed"],
  },
  { args: [...run, "-v", "data:/data:rw:extra", "busybox", "true"], ids: ["volume-spec-invalid"] },
  { args: [...run, "-v", "data:/data:sideways", "busybox", "true"], ids: ["volume-spec-invalid"] },
  {
    args: [...run, "--mount", "type=bind,source=/nonexistent,target=/x", "busybox", "true"],
    ids: ["bind-source-missing"],
  },
  { args: [...run, "-v", "unmountable:/x", "busybox", "true"], ids: ["local-driver-mount"] },
];

const create = ["network", "create", "-d", "raw", "--ipam-driver", "raw"];
const onNet = [...run, "--network", "net", "busybox", "true"];
const pool = { "IpamDriver.RequestPool": { PoolID: "p", Pool: "10.77.0.0/16" } };

const networks: readonly Provocation[] = [
  {
    args: ["network", "create", "-d", "raw", "--subnet", "10.78.0.0/16", "new"],
    answers: { "NetworkDriver.CreateNetwork": { Err: "the VLAN is taken" } },
    ids: ["remote-says"],
  },
  { args: ["network", "create", "-d", "unregistered", "new"], ids: ["driver-not-registered"] },
  { args: ["network", "create", "-d", "raw", "net"], ids: ["network-exists"] },
  { args: ["network", "create", "--subnet", "10.79.0.0/16", "new"], ids: ["pool-overlap"] },
  { args: ["network", "create", "-d", "overlay", "new"], ids: ["not-a-manager"] },
  { args: ["network", "create", "--ipam-driver", "lacking", "new"], ids: ["wrong-protocol"] },
  { args: ["network", "rm", "bridge"], ids: ["network-predefined"] },
  { args: ["network", "rm", "busy"], ids: ["network-active"] },
  { args: [...run, "--network", "nowhere", "busybox", "true"], ids: ["network-not-found"] },
  { args: [...run, "--network", "busy", "--ip", "10.1.2.3", "busybox", "true"], ids: ["address-outside"] },
  { args: [...run, "--network", "busy", "--ip", "10.79.0.2", "busybox", "true"], ids: ["address-taken"] },
  { args: [...run, "--network", "open", "--ip", "10.79.0.2", "busybox", "true"], ids: ["address-needs-subnet"] },
  {
    args: onNet,
    answers: { "NetworkDriver.CreateEndpoint": { Err: "no such bridge" } },
    ids: ["remote-says", "endpoint-failed"],
  },
  {
    args: onNet,
    answers: { "NetworkDriver.CreateEndpoint": { Interface: { Address: "10.80.0.9/16" } } },
    ids: ["interface-modified", "endpoint-failed"],
  },
  {
    args: onNet,
    answers: { "NetworkDriver.Join": { InterfaceName: { SrcName: "nolink", DstPrefix: "eth" } } },
    ids: ["link-missing"],
  },
  { args: onNet, answers: { "NetworkDriver.Join": { Gateway: "nonsense" } }, ids: ["gateway-unreachable"] },
  {
    args: onNet,
    answers: {
      // With a gateway on docker_gwbridge the engine asks its bridge driver instead.
      "NetworkDriver.Join": { DisableGatewayService: true },
      "NetworkDriver.EndpointOperInfo": [500, JSON.stringify({ Err: "unknown endpoint" })],
    },
    ids: ["operational-info", "plugin-says"],
  },
  {
    args: [...create, "new"],
    answers: { ...pool, "IpamDriver.RequestAddress": { Error: "the address is taken" } },
    ids: ["remote-says", "gateway-allocation"],
  },
  {
    args: [...create, "--subnet", "10.77.0.0/16", "--gateway", "10.77.0.1", "--aux-address", "a=10.77.0.2", "new"],
    answers: { ...pool, "IpamDriver.RequestAddress": {} },
    ids: ["no-address-returned", "gateway-allocation"],
  },
  { args: [...create, "new"], answers: { "IpamDriver.RequestPool": {} }, ids: ["bad-pool-answer"] },
  {
    args: [...create, "new"],
    answers: { "IpamDriver.GetDefaultAddressSpaces": { Error: "not ready" } },
    ids: ["default-address-space", "remote-says"],
    // 20.10 asks once, as it first meets the plugin.
    notOn: "20.10",
  },
];

const logsAndPlugins: readonly Provocation[] = [
  {
    args: [...run, "--log-driver", "raw", "busybox", "true"],
    answers: { "LogDriver.StartLogging": { Err: "no space left" } },
    ids: ["log-driver-failed"],
  },
  { args: [...run, "--log-opt", "colour=red", "busybox", "true"], ids: ["log-option"] },
  { args: [...run, "--log-opt", "mode=async", "busybox", "true"], ids: ["log-mode"] },
  { args: ["logs", "mute"], ids: ["log-reading-unsupported"] },
  { args: ["volume", "create", "-d", "acme/shelf", "new"], ids: ["plugin-disabled", "plugin-lookup"] },
  { args: ["plugin", "set", "acme/shelf", "FIXED=2"], ids: ["plugin-not-settable"] },
  { args: ["plugin", "set", "acme/shelf", "FIXDE=2"], ids: ["plugin-no-setting"] },
  { args: ["plugin", "disable", "acme/shelf"], ids: ["plugin-already-disabled"] },
  { args: ["plugin", "enable", "acme/shelf"], ids: ["plugin-mount-source"] },
];

story(
  "each error that an engine prints is explained by its own entry, and the doctor knows the engine's release",
  async (host) => {
    await using raw = await scriptPlugin(host, "raw", everything);
    await using lacking = await scriptPlugin(host, "lacking", ["authz"]);
    await using unregistered = await scriptPlugin(host, "unregistered", ["NetworkDriver"]);
    unregistered.answers = { "NetworkDriver.GetCapabilities": { Scope: "everywhere" } };
    lacking.answers = {};
    // What takes the engine 15 s to say runs beside the rest, under a name of its own: the engine locks each. Once is enough.
    const absent =
      host.engine.version === lab.engines().at(-1)
        ? failureOf(host, ["volume", "create", "-d", "absent", "elsewhere"])
        : undefined;
    // Where something fails before it is awaited, that is the failure to tell.
    absent?.catch(() => {});
    raw.answers = echoVolume;
    await prepare(host);
    const wrong: string[] = [];
    for (const { args, ids, answers = {}, notOn } of [...volumes, ...networks, ...logsAndPlugins]) {
      if (notOn === host.engine.version) continue;
      raw.answers = { ...echoVolume, ...answers };
      try {
        check(await failureOf(host, args), ids);
      } catch (error) {
        wrong.push(`${JSON.stringify({ args, answers })}: ${String(error)}`);
      }
    }
    assert.deepEqual(wrong, [], "told all at once, for each run takes a while");
    await retriedCalls(host, raw);
    check(await failureOf(host, ["plugin", "create", "acme/shelf", join(host.share, "plugin")]), ["plugin-exists"]);
    await writeFile(join(host.share, "plugin/config.json"), "[]");
    check(await failureOf(host, ["plugin", "create", "acme/bad", join(host.share, "plugin")]), ["plugin-bad-config"]);
    if (absent !== undefined) check(await absent, ["plugin-not-found", "plugin-lookup"]);

    raw.answers = {};
    await host.docker(["rm", "-f", "user", "holder", "mute"]);
    await host.engine.stop();
    await host.engine.start({ args: ["--authorization-plugin=raw"] });
    await knowsRelease(host);
    raw.answers = { "AuthZPlugin.AuthZReq": { Allow: false, Msg: "not today" } };
    check(await failureOf(host, ["ps"]), ["authz-denied"]);
    raw.answers = { "AuthZPlugin.AuthZReq": [500, JSON.stringify({ Err: "the policy does not compile" })] };
    check(await failureOf(host, ["ps"]), ["plugin-says", "authz-failed"]);
    await host.engine.kill9();
    check(await failureOf(host, ["ps"]), ["engine-unreachable"]);
  },
);

/** Get has to echo the name: the volumes of this story are all called data. */
const echoVolume = {
  "VolumeDriver.Get": { Volume: { Name: "data", Mountpoint: "/run" } },
  "VolumeDriver.Mount": { Mountpoint: "/run" },
};

/** What the provocations need to be there. */
async function prepare(host: Host): Promise<void> {
  await host.image("busybox");
  const plugin = join(host.share, "plugin");
  await mkdir(join(plugin, "rootfs"), { recursive: true });
  const config = {
    interface: { types: ["docker.volumedriver/1.0"], socket: "shelf.sock" },
    entrypoint: ["/shelf"],
    env: [{ name: "FIXED", value: "1" }],
    mounts: [{ name: "data", destination: "/data", type: "bind", options: ["rbind"], settable: ["source"] }],
  };
  await writeFile(join(plugin, "config.json"), JSON.stringify(config));
  for (const args of [
    ["volume", "create", "-d", "raw", "data"],
    ["create", "--name", "user", "-v", "data:/data", "busybox", "true"],
    ["volume", "create", "-o", "type=ext4", "-o", "device=/nonexistent", "unmountable"],
    ["network", "create", "-d", "raw", "--subnet", "10.80.0.0/16", "net"],
    ["network", "create", "--subnet", "10.79.0.0/16", "busy"],
    ["network", "create", "open"],
    ["run", "-d", "--name", "holder", "--network", "busy", "--ip", "10.79.0.2", "busybox", "sleep", "1d"],
    ["run", "--name", "mute", "--log-driver", "none", "busybox", "true"],
    ["plugin", "create", "acme/shelf", plugin],
  ])
    await host.docker(args);
}

/** What the engine repeats for 15 s before it says so; its log has it at once. */
async function retriedCalls(host: Host, raw: ScriptedPlugin): Promise<void> {
  const files = {
    "refused.spec": "tcp://127.0.0.1:1",
    "missing.spec": "unix:///run/nowhere.sock",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(host.path(`/etc/docker/plugins/${name}`), text);
  raw.answers = { "VolumeDriver.Get": failing, "VolumeDriver.Create": "hang up" };
  const enough = new AbortController();
  const attempts = ["raw", "refused", "missing", "nobody"].map((driver) =>
    assert.rejects(host.docker(["volume", "create", "-d", driver, `by-${driver}`], { signal: enough.signal })),
  );
  const said: Readonly<Record<string, RegExp>> = {
    "connection-lost": /Unable to connect to plugin[^\n]*VolumeDriver\.Create[^\n]*EOF[^\n]*/,
    "plugin-lookup": /Unable to locate plugin: nobody[^\n]*/,
    "tcp-refused": /Unable to connect to plugin[^\n]*127\.0\.0\.1:1[^\n]*/,
    "socket-missing": /Unable to connect to plugin[^\n]*nowhere\.sock[^\n]*no such file[^\n]*/,
  };
  for (const [id, pattern] of Object.entries(said)) {
    await until(`the engine's log has a line for ${id}`, () => pattern.test(host.engine.log()));
    check(pattern.exec(host.engine.log())?.[0] ?? "", [id]);
  }
  raw.answers = { "VolumeDriver.Get": failing, "VolumeDriver.Create": [400, "no body"] };
  enough.abort();
  await Promise.all(attempts);
}

/** With an authorization plugin in use, the doctor tells what the engine's release is known for. */
async function knowsRelease(host: Host): Promise<void> {
  const version = await host.docker(["version", "-f", "{{.Server.Version}}"]);
  const argv = [process.execPath, outrigger, "doctor", "--json", "--deadline", "20000"];
  const { stdout } = await host.run(argv, { accept: [0, 1] });
  // Written by the command under test; a test that reads a wrong shape fails.
  const { findings } = JSON.parse(stdout) as { findings: { id: string; object: string; what: string }[] };
  const told = findings.filter(({ id }) => id === "engine-hazard");
  assert.ok(told.every(({ object }) => object === `engine ${version}`));
  const has = (cve: string): boolean => told.some(({ what }) => what.startsWith(cve));
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+]/).map(Number);
  const number = major * 1e6 + minor * 1e3 + patch;
  assert.equal(has("CVE-2026-34040"), number < 29_003_001);
  assert.equal(has("CVE-2024-41110"), number < 26_001_005, "of the releases that the lab has");
}

/** What docker printed as it failed. */
async function failureOf(host: Host, args: readonly string[]): Promise<string> {
  try {
    await host.docker(args);
  } catch (error) {
    if (error instanceof CommandError) return error.stderr;
    throw error;
  }
  assert.fail(`docker ${args.join(" ")} did not fail`);
}

function check(text: string, ids: readonly string[]): void {
  const found = explain(text).explanations.map(({ id }) => id);
  assert.equal(found[0], ids[0], `${text}\nis explained by ${found.join(", ")}`);
  for (const id of ids) assert.ok(found.includes(id), `${text}\nlacks ${id}: ${found.join(", ")}`);
}
