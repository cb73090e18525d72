// The plugin runs in a network namespace of its own, so that none of its links is this machine's.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { connect, createClient } from "@outrigger/engine";
import { run, startChild } from "@outrigger/linux";
import { createLogger, serve } from "@outrigger/plugin";
import { networkDriver } from "@outrigger/protocol";
import { plugin } from "./network.ts";

const network = { NetworkID: `aa${"0".repeat(62)}` };
const endpoint = { ...network, EndpointID: `bb${"0".repeat(62)}` };
const sandbox = { SandboxKey: "/run/docker/netns/none", Options: {} };
const subnet = { IPv4Data: [{ AddressSpace: "", Pool: "10.7.0.0/24", Gateway: "10.7.0.1/24" }], IPv6Data: [] };
const none = { IPv4Data: [], IPv6Data: [], Options: {} };

/** On CI it is no reason: there a test that does not run is a failure. */
const skip = process.getuid?.() !== 0 && process.env["CI"] !== "true" && "making links needs root";

const [mode, folder = ""] = process.argv.slice(2);
if (mode === "serve") await serveHere(folder);
else declareTests();

function declareTests(): void {
  test(
    "a container's link is there when Join answers, goes with its network, and networks outlive the plugin and the boot",
    { skip },
    async () => {
      await using folder = await temporaryFolder();
      await withPlugin(folder.path, async (client, links) => {
        await refusesWhatIsOdd(client);
        await client.createNetwork({ ...network, ...subnet, Options: {} });
        await assert.rejects(client.createNetwork({ ...network, ...none }), /is there already/);
        assert.match(await links(), /wb-aa0000000000.* 10\.7\.0\.1\/24/);
        await client.createEndpoint({ ...endpoint, Interface: { Address: "10.7.0.2/24" }, Options: {} });
        for (const _again of [1, 2]) {
          const { InterfaceName, Gateway } = await client.join({ ...endpoint, ...sandbox });
          assert.deepEqual(InterfaceName, { SrcName: "wi-bb0000000000", DstPrefix: "eth" });
          assert.equal(Gateway, undefined);
          assert.match(await links(), /wi-bb0000000000/);
          await client.leave(endpoint);
        }
        await client.deleteNetwork(network);
        assert.deepEqual((await links()).match(/w[bio]-/g), null);
        for (const _again of [1, 2]) await client.deleteEndpoint(endpoint);
        await client.deleteNetwork(network);
        await client.createNetwork({ ...network, ...subnet, Options: {} });
      });
      // Another namespace, in which there is nothing yet, as after a boot.
      await withPlugin(folder.path, async (client, links) => {
        assert.match(await links(), /wb-aa0000000000.* 10\.7\.0\.1\/24/);
        await client.createEndpoint({ ...endpoint, Interface: {}, Options: {} });
        await client.join({ ...endpoint, ...sandbox });
      });
    },
  );
}

/** Each refusal leaves nothing, or the network could not be made afterwards. */
async function refusesWhatIsOdd(client: Client): Promise<void> {
  const create = (more: object): Promise<object> => client.createNetwork({ ...network, ...none, ...more });
  await assert.rejects(create({ NetworkID: "a; reboot now" }), /is no id of the engine's/);
  await assert.rejects(create({ Options: { "com.docker.network.generic": { x: "y" } } }), /unknown option "x"/);
  const odd = (Gateway: string): object => ({ IPv4Data: [{ AddressSpace: "", Gateway }] });
  await assert.rejects(create(odd("10.7.0.1/24\nlink delete lo")), /is no gateway/);
  await assert.rejects(create(odd("999.7.0.1/24")), /999\.7\.0\.1/);
  await assert.rejects(client.createEndpoint({ ...endpoint, Interface: {}, Options: {} }), /there is no network/);
  await assert.rejects(client.join({ ...endpoint, ...sandbox }), /there is no endpoint/);
}

type Client = ReturnType<typeof createClient<typeof networkDriver>>;

function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  return mkdtempDisposable(join(tmpdir(), "network-test-"));
}

/** Runs this file in a network namespace of its own, and calls the plugin there as the engine does. */
async function withPlugin(
  folder: string,
  use: (client: Client, links: () => Promise<string>) => Promise<unknown>,
): Promise<void> {
  const argv = ["unshare", "--net", process.execPath, fileURLToPath(import.meta.url), "serve", folder];
  await using child = await startChild(argv);
  const socket = join(folder, "wires.sock");
  while (!existsSync(socket)) {
    if (child.output() !== "") throw new Error(child.output());
    await wait(10);
  }
  await using connection = await connect(`unix://${socket}`);
  const links = ["nsenter", `--net=/proc/${child.pid}/ns/net`, "ip", "-brief", "address"];
  await use(createClient(networkDriver, connection), async () => (await run(links)).stdout);
}

async function serveHere(folder: string): Promise<void> {
  const context = { name: "wires", log: createLogger(), signal: AbortSignal.timeout(30_000) };
  await using opened = await plugin.open({ root: join(folder, "state") }, context);
  const serving = await serve(opened, { pluginsDir: folder });
  await serving.closed;
}
