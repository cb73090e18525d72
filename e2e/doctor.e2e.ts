// What `outrigger doctor` finds on a host with a real engine: running, frozen and stopped.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "@outrigger/e2e/lab";
import { run } from "@outrigger/linux";
import { runNetworkTool } from "./lab/network-tools.ts";
import { servePlugins, until } from "./plugin-on-host.ts";
import { story } from "./story.ts";

interface Report {
  readonly engine: string;
  readonly findings: readonly {
    readonly id: string;
    readonly object: string;
    readonly what: string;
    readonly owner: { readonly pid: number; readonly command: string } | null;
    readonly remedy: string;
  }[];
  readonly repairs: readonly { readonly object: string; readonly done: boolean }[];
}

const command = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));

/** Listens and reads, and never says a word. */
const silent = "require('net').createServer((s) => s.on('error', () => {}).resume()).listen(process.argv[1])";

story(
  "the doctor finds what is wrong while the engine runs, while it is frozen, and when it is stopped",
  async (host) => {
    const docker = (args: readonly string[]): Promise<string> => host.docker(args);
    await host.image("busybox");
    await using plugin = await servePlugins(host, [{ name: "shelf" }]);
    await docker(["volume", "create", "-d", "shelf", "data"]);
    await docker(["volume", "create", "plain"]);
    await docker(["create", "--name", "web", "-v", "data:/data", "-v", "plain:/plain", "busybox", "true"]);
    const version = await docker(["version", "-f", "{{.Server.Version}}"]);
    const well = await examine(host);
    assert.equal(well.engine, version);
    assert.deepEqual(
      well.findings.filter(({ id }) => id !== "open-folder"),
      [],
    );

    await plugin.kill9();
    const dead = await examine(host);
    assert.deepEqual(idsOf(dead), ["dead-socket", "needed-and-down"]);
    assert.match(textOf(dead, "needed-and-down"), /volume data, container web/);

    await using _silent = await host.start([process.execPath, "-e", silent, "/run/docker/plugins/silent.sock"]);
    await until("the silent plugin listens", async () =>
      (await host.run(["ls", "/run/docker/plugins"])).stdout.includes("silent"),
    );
    const frozen = await whileFrozen(host, () => examine(host, ["--deadline", "3000"]));
    assert.deepEqual(idsOf(frozen), ["dead-socket", "engine-hung", "needed-and-down", "silent-socket"]);
    assert.match(textOf(frozen, "engine-hung"), /is stopped by a signal/);
    assert.match(frozen.findings.find(({ id }) => id === "silent-socket")?.owner?.command ?? "", /createServer/);

    // A link of a network plugin of ours, and nobody who looks after it.
    for (const args of [
      ["add", "or-1", "type", "veth", "peer", "name", "peer"],
      ["set", "or-1", "alias", "outrigger:mesh:e1"],
    ])
      await runNetworkTool(["ip", "link", ...args], { pid: host.pid });
    await host.run(["touch", "-d", "1 minute ago", "/run/docker/plugins/shelf.sock"]);
    const fixed = await examine(host, ["--fix", "--deadline", "3000"]);
    assert.deepEqual(
      fixed.repairs.map(({ object, done }) => [object, done]),
      [["/run/docker/plugins/shelf.sock", true]],
    );
    assert.deepEqual(idsOf(fixed), ["leftover-link", "missing-driver", "orphan-volumes", "silent-socket"]);
    assert.match(textOf(fixed, "missing-driver"), /"shelf" \(VolumeDriver\).*container web/);
    assert.match(textOf(fixed, "orphan-volumes"), /1 volume \(data\) belongs to plugin "shelf"/);

    await host.engine.kill9();
    const dataRoot = join(dirname(host.share), "data");
    const stopped = await examine(host, ["--deadline", "3000", "--data-root", dataRoot]);
    assert.equal(stopped.engine, "no engine runs");
    assert.deepEqual(idsOf(stopped), idsOf(fixed));

    // From the machine, by the root of the host; of the engine's own state there is nothing below that.
    const outside = await examine(undefined, ["--deadline", "3000", "--root", host.path("/")]);
    assert.deepEqual(idsOf(outside), ["leftover-link", "silent-socket"]);
  },
);

/** Runs the command on the host, or on the machine. */
async function examine(host: Host | undefined, flags: readonly string[] = ["--deadline", "20000"]): Promise<Report> {
  const argv = [process.execPath, command, "doctor", "--json", ...flags];
  const options = { accept: [0, 1] };
  const { stdout } = host === undefined ? await run(argv, options) : await host.run(argv, options);
  // Written by the command under test; a test that reads a wrong shape fails.
  return JSON.parse(stdout) as Report;
}

function idsOf({ findings }: Report): string[] {
  return findings.map(({ id }) => id).sort();
}

function textOf({ findings }: Report, id: string): string {
  return findings
    .filter((finding) => finding.id === id)
    .map(({ what }) => what)
    .join("\n");
}

/** Freezes the engine, as a debugger or a full disk would, and lets it go on whatever happens. */
async function whileFrozen<T>(host: Host, task: () => Promise<T>): Promise<T> {
  const { stdout } = await host.run(["sh", "-c", "grep -lx dockerd /proc/[0-9]*/comm"], { accept: [0, 2] });
  const pid = stdout.split("/")[2] ?? "";
  await host.run(["kill", "-STOP", pid]);
  try {
    return await task();
  } finally {
    await host.run(["kill", "-CONT", pid]);
  }
}
