import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect, createClient } from "@outrigger/engine";
import { createLogger, serve } from "@outrigger/plugin";
import { ipamDriver } from "@outrigger/protocol";
import { plugin } from "./ipam.ts";

const any = { AddressSpace: "counting", Pool: "", SubPool: "", V6: false };

test("no subnet is given twice, and they come to an end", async () => {
  await using folder = await temporaryFolder();
  await withPlugin(folder.path, async (ipam) => {
    // All of the 256 but the last eight, in five requests.
    for (const Pool of ["10.88.0.0/17", "10.88.128.0/18", "10.88.192.0/19", "10.88.224.0/20", "10.88.240.0/21"])
      await ipam.requestPool({ ...any, Pool });
    const given = new Set<string>();
    for (let count = 0; count < 8; count++) given.add((await ipam.requestPool(any)).Pool);
    assert.deepEqual(
      [...given],
      Array.from({ length: 8 }, (_, index) => `10.88.${248 + index}.0/24`),
    );
    await assert.rejects(ipam.requestPool(any), /all 256 subnets/);
    await assert.rejects(ipam.requestPool({ ...any, Pool: "10.88.249.128/25" }), /overlaps 10\.88\.249\.0\/24/);
    await ipam.releasePool({ PoolID: "10.88.249.0/24" });
    assert.equal((await ipam.requestPool(any)).Pool, "10.88.249.0/24");
  });
});

test("each address is given once: counted upwards, the wanted one, and again when it is back", async () => {
  await using folder = await temporaryFolder();
  await withPlugin(folder.path, async (ipam) => {
    const { PoolID } = await ipam.requestPool({ ...any, Pool: "192.168.7.8/29" });
    const take = async (Address = ""): Promise<string> => (await ipam.requestAddress({ PoolID, Address })).Address;
    assert.equal(await take("192.168.7.10"), "192.168.7.10/29");
    const rest = await Promise.all(Array.from({ length: 5 }, () => take()));
    assert.deepEqual(
      rest.sort((a, b) => (a < b ? -1 : 1)),
      [11, 12, 13, 14, 9].map((last) => `192.168.7.${last}/29`),
    );
    await assert.rejects(take(), /is full/);
    await assert.rejects(take("192.168.7.9"), /192\.168\.7\.9 is taken/);
    for (const outside of ["192.168.7.8", "192.168.7.15", "192.168.7.16", "fd01::9", "192.168.7"])
      await assert.rejects(take(outside), /no address for a container in subnet 192\.168\.7\.8\/29/, outside);
    await ipam.releaseAddress({ PoolID, Address: "192.168.7.9" });
    await ipam.releaseAddress({ PoolID, Address: "192.168.7.9" });
    assert.equal(await take("192.168.7.9"), "192.168.7.9/29");
  });
});

test("IPv6 has pools of its own, and addresses without a range lie in the range", async () => {
  await using folder = await temporaryFolder();
  await withPlugin(folder.path, async (ipam) => {
    const { PoolID } = await ipam.requestPool({ ...any, V6: true });
    assert.equal((await ipam.requestAddress({ PoolID, Address: "" })).Address, "fd88::1/64");
    assert.equal((await ipam.requestAddress({ PoolID, Address: "FD88:0:0:0::ab" })).Address, "fd88::ab/64");
    const part = await ipam.requestPool({ ...any, Pool: "10.9.0.0/16", SubPool: "10.9.4.0/24" });
    assert.equal((await ipam.requestAddress({ PoolID: part.PoolID, Address: "" })).Address, "10.9.4.0/16");
    await assert.rejects(ipam.requestPool({ ...any, Pool: "10.7.0.0/24", SubPool: "10.8.0.0/25" }), /is not within/);
  });
});

test("what is no subnet, and what the driver has not, is refused", async () => {
  await using folder = await temporaryFolder();
  await withPlugin(folder.path, async (ipam) => {
    for (const Pool of ["10.0.0.0", "10.0.0.0/31", "0.0.0.0/0", "10.0.0.0/8/8", "x/24", "10.0.0/24", "10.0.0.0/-1"])
      await assert.rejects(ipam.requestPool({ ...any, Pool }), /is no subnet of four addresses/, Pool);
    await assert.rejects(ipam.requestPool({ ...any, Pool: "10.0.0.1/24" }), /write 10\.0\.0\.0\/24/);
    await assert.rejects(ipam.requestPool({ ...any, Pool: "10.0.0.0/24", V6: true }), /IP version/);
    await assert.rejects(ipam.requestPool({ ...any, AddressSpace: "other" }), /no address space "other"/);
    await assert.rejects(ipam.requestPool({ ...any, Options: { fast: "yes" } }), /unknown option "fast"/);
    await assert.rejects(ipam.requestAddress({ PoolID: "10.1.0.0/24", Address: "" }), /there is no pool/);
  });
});

test("what is out is out after a restart, and free when its pool has gone", async () => {
  await using folder = await temporaryFolder();
  const pool = { ...any, Pool: "10.5.0.0/24" };
  const taken = { PoolID: "10.5.0.0/24", Address: "10.5.0.1" };
  await withPlugin(folder.path, async (ipam) => {
    await ipam.requestPool(pool);
    await ipam.requestAddress(taken);
  });
  await withPlugin(folder.path, async (ipam) => {
    await assert.rejects(ipam.requestAddress(taken), /is taken/);
    await assert.rejects(ipam.requestPool(pool), /overlaps/);
    await ipam.releasePool({ PoolID: taken.PoolID });
    await ipam.releasePool({ PoolID: taken.PoolID });
  });
  await withPlugin(folder.path, async (ipam) => {
    await ipam.requestPool(pool);
    await ipam.requestAddress(taken);
  });
});

type Client = ReturnType<typeof createClient<typeof ipamDriver>>;

function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  return mkdtempDisposable(join(tmpdir(), "ipam-test-"));
}

/** Serves the plugin on a socket in the folder, and calls it as the engine does. */
async function withPlugin(folder: string, use: (client: Client) => Promise<void>): Promise<void> {
  const context = { name: "counting", log: createLogger(), signal: AbortSignal.timeout(30_000) };
  await using opened = await plugin.open({ root: join(folder, "state") }, context);
  await using serving = await serve(opened, { pluginsDir: folder, signals: false });
  await using connection = await connect(serving.addresses[0] ?? "");
  await use(createClient(ipamDriver, connection));
}
