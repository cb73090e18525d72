import { chmod, chown, open } from "node:fs/promises";
import { defineOptions } from "@outrigger/plugin";

const largestId = 2 ** 32 - 2;

/** Who a volume's folder belongs to, for backends that make one. */
export const ownershipOptions = defineOptions({
  uid: {
    type: "integer",
    min: 0,
    max: largestId,
    doc: "Who owns the volume's folder; the plugin's own user where left out.",
  },
  gid: {
    type: "integer",
    min: 0,
    max: largestId,
    doc: "Which group owns the volume's folder; the plugin's own where left out.",
  },
  mode: { type: "octal", doc: "The mode of the volume's folder; 0755 where left out." },
});

/** What was asked for. */
export interface Ownership {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly mode?: number | undefined;
}

/** Gives a new folder its owner, group and mode. */
export async function own(folder: string, { uid, gid, mode }: Ownership): Promise<void> {
  // On Linux there is always a user; one that is not root can give a folder to nobody but itself.
  await chown(folder, uid ?? process.getuid?.() ?? 0, gid ?? process.getgid?.() ?? 0);
  // After the owner, whose change takes set-id bits away.
  await chmod(folder, mode ?? 0o755);
}

/** Changes of a folder that has an owner and a mode already only what was asked for. */
export async function ownAnew(folder: string, { uid, gid, mode }: Ownership): Promise<void> {
  if (uid !== undefined || gid !== undefined) await chown(folder, uid ?? -1, gid ?? -1);
  if (mode !== undefined) await chmod(folder, mode);
}

/** Makes a folder's entries, its owner and its mode durable. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}
