// Compares what the records say with what is on the disk and what the kernel shows.
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readMounts, type Mount } from "@outrigger/linux";
import type { Finding } from "./findings.ts";
import { findLeftovers, unknownFolders } from "./garbage.ts";
import type { House } from "./house.ts";
import type { VolumeSight } from "./known-volumes.ts";
import { readLabel } from "./label-file.ts";
import { findWrongMount } from "./mount-view.ts";
import { folderNameOf } from "./volume-name.ts";
import type { VolumeRecord } from "./volume-record.ts";

/** What is wrong with the volumes of a plugin; changes nothing. */
export async function checkHouse(house: House): Promise<Finding[]> {
  const mounts = await readMounts();
  const findings: Finding[] = [];
  // As they are now: one that wakes meanwhile would be seen twice.
  const volumes = [...house.all.seen()];
  for (const volume of volumes) {
    const { shown } = volume;
    // What is under way is not what it will be.
    if (shown === undefined || !volume.idle) continue;
    const found = await checkVolume(house, { volume, record: shown, mounts });
    // Nor is what changed meanwhile.
    const now = house.all.see(volume.name);
    if (now?.idle && isDeepStrictEqual(now.shown, shown)) findings.push(...found);
  }
  for (const { id, name } of house.removed.list()) {
    if (await house.around.folders.has(house.around.folders.of(name, id))) continue;
    const text = `folder ${house.around.folders.of(name, id)} of removed volume ${name} is missing`;
    findings.push(finding({ kind: "folder missing", volume: name, text, remedy: `purge it: ${id}` }));
  }
  const unknown = (await unknownFolders(house)).map(({ finding }) => finding);
  const leftovers = (await findLeftovers(house)).map(({ finding }) => finding);
  return [...findings, ...unknown, ...leftovers, ...trashStuck(house)];
}

interface Checked {
  readonly volume: VolumeSight;
  readonly record: VolumeRecord;
  readonly mounts: readonly Mount[];
}

async function checkVolume({ around, rules }: House, { volume, record, mounts }: Checked): Promise<Finding[]> {
  const { name } = volume;
  const folder = around.folders.of(name, record.folder);
  if (!(await around.folders.has(folder))) {
    const text = `folder ${folder} of volume ${name} is missing`;
    const remedy = `put it back from a backup, or remove the volume`;
    return [finding({ kind: "folder missing", volume: name, text, remedy })];
  }
  const findings: Finding[] = [];
  const wrong = await wrongLabel(folder, name);
  if (wrong !== undefined) {
    const remedy =
      "make a snapshot or change its size, which writes it anew; without it, the volume goes when state.db does";
    findings.push(finding({ kind: "label wrong", volume: name, text: wrong, remedy }));
  }
  const backend = rules.backendNamed(record.backend);
  if (record.phase === "attached") {
    const view = rules.view(record, { name, folder });
    // Upkeep finds what cannot be told, and says it as the volume's state.
    const expected = await backend.expects?.(view, AbortSignal.timeout(10_000)).catch(() => undefined);
    const text = expected && findWrongMount(expected, mounts);
    if (text) findings.push(finding({ kind: "mount missing", volume: name, text, remedy: "restart its containers" }));
  } else if (volume.unread && backend.staysMounted !== true) {
    const inside = mounts.find(({ mountpoint }) => mountpoint.startsWith(`${folder}/`));
    if (inside !== undefined) {
      const text = `${inside.source} is mounted on ${inside.mountpoint}, though volume ${name} is not in use`;
      const remedy = `unmount it: umount ${inside.mountpoint}`;
      findings.push(finding({ kind: "mount unknown", volume: name, text, remedy }));
    }
  }
  const told = volume.health ?? volume.problem;
  if (told === undefined) return findings;
  const text = `volume ${name}: ${told.text} (since ${told.since})`;
  return [...findings, finding({ kind: "volume degraded", volume: name, text, remedy: "see the reason" })];
}

async function wrongLabel(folder: string, name: string): Promise<string | undefined> {
  try {
    const label = await readLabel(folder);
    if (label === undefined) return `folder ${folder} has no volume.json`;
    const right = label.name === name && label.removedAt === undefined;
    const expected = label.folder ?? folderNameOf(label.name);
    if (right && expected === basename(folder)) return undefined;
    return `volume.json in ${folder} is that of another volume, ${label.name}`;
  } catch (error) {
    return `volume.json in ${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function trashStuck({ trashProblems }: House): Finding[] {
  return trashProblems().map((problem) =>
    finding({ kind: "trash stuck", text: problem.message, remedy: "take away what is in the way in the trash folder" }),
  );
}

function finding(what: Omit<Finding, "done">): Finding {
  return { ...what, done: false };
}
