// Commands outlive a plugin that is killed, and go on with what its next start is about to finish or undo.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { processIds, readMounts, thaw } from "@outrigger/linux";
import { DriverError } from "@outrigger/protocol";

/** What the backends and the core run; `frozen-copy` is a script of Node that copies a file system it has frozen. */
const commands = new Set([
  ...["btrfs", "mkfs.btrfs", "mkfs.ext4", "mkfs.xfs", "e2fsck", "resize2fs", "xfs_growfs", "losetup"],
  ...["cp", "mount", "umount", "fsfreeze", "frozen-copy.ts", "frozen-copy.js"],
]);

/** How long one may go on; copying a large image takes its time. */
const longestMs = 600_000;

/** Waits until no command of an earlier run works below a root, and thaws what one left frozen. */
export async function settleCommands(root: string, signal: AbortSignal): Promise<void> {
  const limit = performance.now() + longestMs;
  for (let pid = await findCommand(root); pid !== undefined; pid = await findCommand(root)) {
    signal.throwIfAborted();
    if (performance.now() > limit) {
      throw new DriverError(
        `a command of an earlier run of the plugin is still at work below ${root}; end process ${pid}`,
      );
    }
    await wait(10, undefined, { signal });
  }
  // Whoever froze it may have been killed together with the plugin.
  const frozen = (await readMounts()).filter(
    ({ mountpoint, source }) => mountpoint.startsWith(`${root}/volumes/`) && source.startsWith("/dev/loop"),
  );
  for (const { mountpoint } of frozen) await thaw(mountpoint);
}

async function findCommand(root: string): Promise<number | undefined> {
  for (const pid of await processIds()) {
    const argv = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    // Not the first word alone: a script, or a loader that was given a program, comes before it.
    const ours = argv.slice(0, 6).some((word) => commands.has(basename(word)));
    if (!ours || !argv.some((word) => word.startsWith(`${root}/`))) continue;
    const parent = /\) \S (\d+) /.exec(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""))?.[1];
    if (parent !== undefined && Number(parent) !== process.pid && pid !== process.pid) return pid;
  }
  return undefined;
}
