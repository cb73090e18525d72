import { randomBytes } from "node:crypto";
import { RequestError } from "@outrigger/protocol";
import type { VolumeVerbs } from "@outrigger/volume-core";

/** A volume's data, readable until it is disposed of. */
export interface FrozenFolder extends AsyncDisposable {
  readonly path: string;
  /** Whether containers may change it meanwhile: the volume's backend has no snapshots. */
  readonly live: boolean;
}

const prefix = "api-temporary-";

/** Opens a snapshot; where none is named, one made for it; where the backend has none, the volume itself, held mounted. */
export async function openFrozen(verbs: VolumeVerbs, volume: string, snapshot?: string): Promise<FrozenFolder> {
  if (snapshot !== undefined) return { ...(await opened(verbs, volume, snapshot)), live: false };
  const temporary = `${prefix}${randomBytes(6).toString("hex")}`;
  try {
    await verbs.snapshot(volume, temporary);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const folder = await verbs.openVolume(volume);
    return { path: folder.path, live: true, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
  }
  try {
    const { path, [Symbol.asyncDispose]: close } = await opened(verbs, volume, temporary);
    const dispose = async (): Promise<void> => {
      await close();
      await verbs.removeSnapshot(volume, temporary);
    };
    return { path, live: false, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await verbs.removeSnapshot(volume, temporary);
    throw error;
  }
}

/** Removes the snapshots that a killed process made for itself; says which could not be removed, and why. */
export async function removeTemporarySnapshots(verbs: VolumeVerbs): Promise<unknown[]> {
  const left = verbs
    .withSnapshots()
    .flatMap((volume) =>
      verbs.snapshots(volume).flatMap(({ name }) => (isTemporary(name) ? [[volume, name] as const] : [])),
    );
  const removals = await Promise.allSettled(left.map(([volume, name]) => verbs.removeSnapshot(volume, name)));
  return removals.flatMap((removal) => (removal.status === "rejected" ? [removal.reason as unknown] : []));
}

/** Whether a snapshot's name is one that is made here, and so goes when the plugin starts. */
function isTemporary(snapshot: string): boolean {
  return new RegExp(`^${prefix}[0-9a-f]{12}$`).test(snapshot);
}

async function opened(verbs: VolumeVerbs, volume: string, snapshot: string) {
  const folder = await verbs.openSnapshot(volume, snapshot);
  return { path: folder.path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}
