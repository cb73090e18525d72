import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseMounts, readOwnLinks, type HoldingProcess } from "@outrigger/linux";
import type { Facts, LoopDevice, StateFolder } from "./facts.ts";
import type { Host } from "./host.ts";

const mostFolders = 1000;

/** Mounts, loop devices, links and state folders, of which the checks pick those of plugins that are gone. */
export async function gatherLeftovers(
  host: Host,
  known: { stateFolders: readonly string[]; holders: readonly HoldingProcess[] },
): Promise<Pick<Facts, "mounts" | "loops" | "links" | "stateFolders">> {
  const table = join(host.proc, host.isHere ? "self/mountinfo" : "1/mountinfo");
  const [mounts, loops, links, stateFolders] = await Promise.all([
    readFile(table, "utf8").then(parseMounts, () => []),
    readLoops(join(host.sys, "block")),
    readOwnLinks(host.sys).catch(() => []),
    Promise.all(known.stateFolders.map((folder) => readStateFolders(folder, known.holders))),
  ]);
  return { mounts, loops, links, stateFolders: stateFolders.flat() };
}

async function readLoops(folder: string): Promise<LoopDevice[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith("loop"));
  const read = names.map(async (name) => {
    const file = await readFile(join(folder, name, "loop/backing_file"), "utf8").catch(() => "");
    return { device: `/dev/${name}`, file: file.replace(/\n$/, "") };
  });
  return (await Promise.all(read)).filter(({ file }) => file !== "");
}

async function readStateFolders(parent: string, holders: readonly HoldingProcess[]): Promise<StateFolder[]> {
  const entries = (await readdir(parent, { withFileTypes: true }).catch(() => [])).filter((one) => one.isDirectory());
  const open = holders.flatMap((holder) => holder.open);
  return Promise.all(
    entries.slice(0, mostFolders).map(async ({ name: plugin }) => {
      const folder = join(parent, plugin);
      const inside = await readdir(folder).catch(() => []);
      return {
        plugin,
        folder,
        inUse: open.some((path) => path.startsWith(`${folder}/`)),
        damaged: inside.filter((name) => name.includes(".damaged-")).map((name) => join(folder, name)),
      };
    }),
  );
}
