// What belongs to no volume: folders that no record explains, and what backends left lying about.
import { DriverError } from "@outrigger/protocol";
import type { Leftover } from "./backend.ts";
import type { Finding } from "./findings.ts";
import type { House } from "./house.ts";
import { readLabel, type Label } from "./label-file.ts";
import { folderNameOf, isVolumeName } from "./volume-name.ts";

/** Finds it, and with `apply` takes it away: a folder becomes a removed volume, which is deleted after a while. */
export async function collectGarbage(house: House, { apply }: { readonly apply: boolean }): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { folder, label, finding } of await unknownFolders(house)) {
    findings.push(apply ? await tried(finding, () => takeAway(house, { folder, label })) : finding);
  }
  const { folders, closing } = house.around;
  for (const { leftover, finding } of await findLeftovers(house)) {
    findings.push(apply ? await tried(finding, () => leftover.remove(folders.trash, closing)) : finding);
  }
  if (apply) house.around.emptyTrash();
  return findings;
}

interface UnknownFolder {
  /** The last part of its path. */
  readonly folder: string;
  readonly label: Label | undefined;
  readonly finding: Finding;
}

/** The folders that no record explains. */
export async function unknownFolders(house: House): Promise<UnknownFolder[]> {
  const { folders } = house.around;
  const names = await folders.names();
  const known = knownFolders(house);
  const unknown = names.filter((name) => !known.has(name));
  return await Promise.all(
    unknown.map(async (folder) => {
      const path = folders.of("", folder);
      // One that cannot be read says nothing.
      const label = await readLabel(path).catch(() => undefined);
      const whose = label === undefined ? "has no volume.json" : `was volume ${label.name}`;
      const text = `folder ${path} ${whose} and belongs to no volume`;
      const remedy = "gc makes it a removed volume, which can be brought back, and is deleted after a while";
      return { folder, label, finding: { kind: "folder unknown", volume: label?.name, text, remedy, done: false } };
    }),
  );
}

/** What the backends say lies about. */
export async function findLeftovers(house: House): Promise<{ leftover: Leftover; finding: Finding }[]> {
  const { rules, around } = house;
  const known = new Set([...knownFolders(house)].map((name) => around.folders.of("", name)));
  const found: { leftover: Leftover; finding: Finding }[] = [];
  for (const backend of rules.backends) {
    if (backend.leftovers === undefined) continue;
    await around.ready(backend);
    const signal = AbortSignal.any([around.closing, AbortSignal.timeout(around.backendTimeoutMs)]);
    for (const leftover of await backend.leftovers(known, signal)) {
      const text = `${leftover.what} belongs to no volume`;
      found.push({ leftover, finding: { kind: "leftover", text, remedy: "gc takes it away", done: false } });
    }
  }
  return found;
}

/** The last parts of the paths of all folders that a record explains, of volumes under way too. */
function knownFolders({ all, removed }: House): Set<string> {
  const known = new Set(removed.ids());
  for (const volume of all.seen()) known.add(volume.folderName ?? folderNameOf(volume.name));
  return known;
}

async function takeAway(
  { removed, around, trashKeepMs }: House,
  { folder, label }: Pick<UnknownFolder, "folder" | "label">,
): Promise<void> {
  const path = around.folders.of("", folder);
  if (!(await around.folders.has(path))) {
    throw new DriverError(`${path} is no folder, so it is no volume; look into it, and move it elsewhere`);
  }
  await removed.takeIn(folder, label ?? unnamed(folder, around.now()), new Date(around.now() + trashKeepMs));
}

/** What can be said of a folder without a label; if it was a volume, then one of the first backend. */
function unnamed(folder: string, now: number): Label {
  const name = isVolumeName(folder) ? folder : folderNameOf(`unknown ${folder}`);
  return { name, options: {}, createdAt: new Date(now).toISOString() };
}

async function tried(finding: Finding, work: () => Promise<void>): Promise<Finding> {
  try {
    await work();
    return { ...finding, done: true };
  } catch (error) {
    return {
      ...finding,
      remedy: `it could not be taken away: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
