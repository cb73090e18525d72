import { mkdir, open, readdir, rename, rm, rmdir, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { bindFolder, unmountFolder } from "@outrigger/linux";
import { defineOptions } from "@outrigger/plugin";
import { DriverError, RequestError } from "@outrigger/protocol";
import type { Backend, BackendSnapshot, BackendVolume } from "@outrigger/volume-core";
import type { BtrfsPool } from "./btrfs-pool.ts";
import { own, ownAnew, ownershipOptions, syncFolder } from "./ownership.ts";
import { deleteSubvolume, dropStaleGroup, groupOf, isOnBtrfs, isSubvolume } from "./subvolume.ts";
import { limitSubvolume, makeSubvolume, snapshotSubvolume, staleGroups } from "./subvolume.ts";
import { hasCode, tool } from "./tool.ts";

/** What `docker volume create -o` takes. */
export const btrfsOptions = defineOptions({
  ...ownershipOptions,
  size: { type: "size", doc: "The most that it holds (a quota); what the disk has where left out." },
});

type Volume = BackendVolume<typeof btrfsOptions>;

/**
 * Volumes that are subvolumes of btrfs: snapshots and clones at once whatever their size.
 * A volume's home holds its subvolume `data`, and `snapshots/<key>/data` for each snapshot. Without a pool it is the
 * volume's own folder, which then has to lie on btrfs; with one it is a folder in the pool, and what is given out is
 * shown in the volume's own folder.
 */
export function createBtrfs(pool?: BtrfsPool): Backend<typeof btrfsOptions> {
  const homeOf = ({ folder }: Volume): string => (pool === undefined ? folder : join(pool.volumes, basename(folder)));
  const dataOf = (volume: Volume): string => join(homeOf(volume), "data");
  const shownOf = ({ folder }: Volume): string => join(folder, "data");
  const snapshotOf = (volume: Volume, { key }: BackendSnapshot): string =>
    join(homeOf(volume), "snapshots", key, "data");
  const shownSnapshotOf = ({ folder }: Volume, { key }: BackendSnapshot): string => join(folder, "shown", key);

  const begin = async (volume: Volume): Promise<void> => {
    await mkdir(homeOf(volume), { recursive: true, mode: 0o700 });
    if (await isOnBtrfs(homeOf(volume))) return;
    throw new RequestError(
      `backend btrfs has its volumes in ${dirname(volume.folder)}, which is not on btrfs; start the plugin with pool=auto, or with its root on btrfs`,
    );
  };
  const finish = async (volume: Volume): Promise<void> => {
    // At once, for the disk then writes all of it in one go.
    await Promise.all([dataOf(volume), homeOf(volume), dirname(homeOf(volume))].map(syncFolder));
  };

  return {
    name: "btrfs",
    options: btrfsOptions,
    ...(pool !== undefined && { open: (signal) => pool.open(signal) }),
    async provision(volume, signal) {
      await begin(volume);
      await makeSubvolume(dataOf(volume), signal);
      await own(dataOf(volume), volume.options);
      if (volume.options.size !== undefined) await limitSubvolume(dataOf(volume), volume.options.size, signal);
      await finish(volume);
    },
    async clone(volume, { volume: source, snapshot }, signal) {
      await begin(volume);
      // What an attempt before left may be older than the source is now.
      await deleteSubvolume(dataOf(volume), signal);
      await settleRestore(homeOf(source));
      const from = snapshot === undefined ? dataOf(source) : snapshotOf(source, snapshot);
      await snapshotSubvolume({ from, to: dataOf(volume) }, signal);
      await ownAnew(dataOf(volume), volume.options);
      await limitSubvolume(dataOf(volume), volume.options.size, signal);
      await finish(volume);
    },
    async attach(volume, signal) {
      const data = dataOf(volume);
      await settleRestore(homeOf(volume));
      if (!(await isSubvolume(data))) {
        throw new DriverError(`subvolume ${data} is missing; restore a snapshot, or remove the volume`);
      }
      if (pool === undefined) return data;
      await mkdir(shownOf(volume), { recursive: true });
      await bindFolder({ from: data, to: shownOf(volume), signal });
      return shownOf(volume);
    },
    async expects(volume) {
      return pool === undefined ? undefined : { path: shownOf(volume), fileSystem: "btrfs" };
    },
    async detach(volume, signal) {
      if (pool !== undefined) await unmountFolder(shownOf(volume), { signal });
    },
    async destroy(volume, signal) {
      if (pool !== undefined) await unmountFolder(volume.folder, { below: true, signal });
      await deleteHome(homeOf(volume), signal);
      if (pool !== undefined) await rm(homeOf(volume), { recursive: true, force: true });
    },

    async snapshot(volume, snapshot, signal) {
      const to = snapshotOf(volume, snapshot);
      await settleRestore(homeOf(volume));
      await deleteSubvolume(to, signal);
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      await snapshotSubvolume({ from: dataOf(volume), to, readOnly: true }, signal);
      await syncFolder(dirname(to));
    },
    async dropSnapshot(volume, snapshot, signal) {
      if (pool !== undefined) await hideShown(shownSnapshotOf(volume, snapshot), signal);
      await deleteSubvolume(snapshotOf(volume, snapshot), signal);
      await rm(dirname(snapshotOf(volume, snapshot)), { recursive: true, force: true });
    },
    async showSnapshot(volume, snapshot, signal) {
      const from = snapshotOf(volume, snapshot);
      if (pool === undefined) return from;
      const to = shownSnapshotOf(volume, snapshot);
      await mkdir(to, { recursive: true, mode: 0o700 });
      await bindFolder({ from, to, readOnly: true, signal });
      return to;
    },
    async hideSnapshot(volume, snapshot, signal) {
      if (pool !== undefined) await hideShown(shownSnapshotOf(volume, snapshot), signal);
    },
    async restore(volume, snapshot, signal) {
      const home = homeOf(volume);
      const { data, fresh, old } = partsOf(home);
      await settleRestore(home);
      await deleteSubvolume(old, signal);
      await deleteSubvolume(fresh, signal);
      await snapshotSubvolume({ from: snapshotOf(volume, snapshot), to: fresh }, signal);
      await limitSubvolume(fresh, volume.options.size, signal);
      // Between these two the volume has no data; `settleRestore` puts the old one back.
      await rename(data, old);
      await rename(fresh, data);
      await syncFolder(home);
      await deleteSubvolume(old, signal);
    },
    async resize(volume, _change, signal) {
      const { size } = volume.options;
      await settleRestore(homeOf(volume));
      const used = (await groupOf(dataOf(volume), signal))?.usedBytes ?? 0;
      if (size !== undefined && size < used) {
        throw new RequestError(`volume ${volume.name} holds ${used} bytes already; delete some, or ask for more`);
      }
      await limitSubvolume(dataOf(volume), size, signal);
    },
    async stats(volume, { thorough }, signal) {
      const group = await groupOf(dataOf(volume), signal);
      if (group !== undefined || !thorough) return group;
      const { stdout } = await tool(["btrfs", "filesystem", "du", "--raw", "--summarize", dataOf(volume)], signal);
      const [, total, exclusive] = /^\s*(\d+)\s+(\d+)\s/m.exec(stdout) ?? [];
      return { usedBytes: Number(total), exclusiveBytes: Number(exclusive) };
    },
    async send(volume, { snapshot, since, file }, signal) {
      // Made first, for the owner alone; the command would let everybody read it.
      await using _made = await makeFile(file);
      const parent = since === undefined ? [] : ["-p", snapshotOf(volume, since)];
      try {
        await tool(["btrfs", "send", "--quiet", ...parent, "-f", file, snapshotOf(volume, snapshot)], signal);
        await _made.sync();
      } catch (error) {
        await unlink(file).catch(() => {});
        throw error;
      }
    },
    async receive(volume, { snapshot, file }, signal) {
      const to = snapshotOf(volume, snapshot);
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      // A stream that was cut off leaves a subvolume that can be written to, which `dropSnapshot` takes away.
      await tool(["btrfs", "receive", "--quiet", "-f", file, dirname(to)], signal);
      await checkReceived(to, signal);
      await syncFolder(dirname(to));
    },
    async leftovers(folders, signal) {
      if (pool === undefined) return [];
      const known = new Set([...folders].map((folder) => basename(folder)));
      const homes = (await readdir(pool.volumes)).filter((name) => !known.has(name));
      const groups = await staleGroups(pool.volumes, signal);
      return [
        ...homes.map((name) => ({
          what: `folder ${join(pool.volumes, name)} with its subvolumes`,
          remove: async (_trash: string, signal: AbortSignal): Promise<void> => {
            await deleteHome(join(pool.volumes, name), signal);
            await rm(join(pool.volumes, name), { recursive: true, force: true });
          },
        })),
        ...groups.map((group) => ({
          what: `quota group ${group} of the pool ${pool.volumes}`,
          remove: (_trash: string, signal: AbortSignal): Promise<void> => dropStaleGroup(group, pool.volumes, signal),
        })),
      ];
    },
  };
}

function partsOf(home: string): { data: string; fresh: string; old: string } {
  return { data: join(home, "data"), fresh: join(home, "data.new"), old: join(home, "data.old") };
}

/** After a kill between the two renames of a restore: the old data is in place again. */
async function settleRestore(home: string): Promise<void> {
  const { data, old } = partsOf(home);
  if (!(await isSubvolume(data)) && (await isSubvolume(old))) await rename(old, data);
}

/** Deletes all subvolumes of a volume. */
async function deleteHome(home: string, signal: AbortSignal): Promise<void> {
  const snapshots = await readdir(join(home, "snapshots")).catch(() => []);
  const paths = [...Object.values(partsOf(home)), ...snapshots.map((key) => join(home, "snapshots", key, "data"))];
  for (const path of paths) await deleteSubvolume(path, signal);
}

/** A new file for the owner alone. */
async function makeFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (cause) {
    if (hasCode(cause, "EEXIST")) throw new RequestError(`${path} is there already; name another file`, { cause });
    if (hasCode(cause, "ENOENT"))
      throw new RequestError(`there is no folder ${dirname(path)}; make it first`, { cause });
    throw cause;
  }
}

async function hideShown(shown: string, signal: AbortSignal): Promise<void> {
  await unmountFolder(`${shown}.stage`, { below: true, signal });
  await unmountFolder(shown, { signal });
  await rmdir(shown).catch(() => {});
}

/** A whole stream leaves a subvolume that is read-only and says what it was received from. */
async function checkReceived(path: string, signal: AbortSignal): Promise<void> {
  if (!(await isSubvolume(path))) throw new RequestError("the file holds no snapshot of a volume");
  const { stdout } = await tool(["btrfs", "subvolume", "show", path], signal);
  const whole = /^\s*Received UUID:\s+[0-9a-f-]{36}$/m.test(stdout) && /^\s*Flags:\s+readonly$/m.test(stdout);
  if (!whole) throw new RequestError("the file holds a part of a snapshot only; send it again");
}
