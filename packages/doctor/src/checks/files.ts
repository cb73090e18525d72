// The files that announce plugins, and the folders they lie in.
import { join } from "node:path";
import { quoted, type Check } from "../check.ts";
import type { ExaminedPlugin, Facts } from "../facts.ts";

const badFile: Check = {
  id: "bad-file",
  title: "A .spec or .json file that the engine cannot read, with the place of the fault.",
  find: (facts) =>
    facts.plugins.flatMap(({ name, file, problems }) =>
      problems
        .filter(({ code }) => code !== "bad-tls")
        .map(({ message }) => ({
          severity: "error" as const,
          object: file,
          what: message,
          cost: `the engine cannot use the driver "${name}", and looks for it nowhere else`,
          remedy: `mend the file, or remove it: rm ${quoted(file)}`,
        })),
    ),
};

const weakenedFile: Check = {
  id: "weakened-file",
  title: "What the engine ignores or weakens in a .spec or .json file.",
  find: (facts) =>
    facts.plugins.flatMap(({ file, warnings }) =>
      warnings.map((warning) => ({
        severity: "note" as const,
        object: file,
        what: warning,
        cost: "the file says more than the engine does",
        remedy: `let ${quoted(file)} say what is meant`,
      })),
    ),
};

const shadowedName: Check = {
  id: "shadowed-name",
  title: "Two files for one plugin name, of which the engine uses the first.",
  find: (facts) => {
    const byName = new Map<string, ExaminedPlugin[]>();
    for (const plugin of facts.plugins) {
      if (plugin.kind === "managed") continue;
      byName.set(plugin.name, [...(byName.get(plugin.name) ?? []), plugin]);
    }
    return [...byName].flatMap(([name, found]) => {
      const [used, ...shadowed] = inOrder(found, facts.folders);
      return shadowed.map(({ file }) => ({
        severity: "warning" as const,
        object: file,
        what: `the engine uses ${used?.file ?? "another file"} for plugin "${name}", and never reads this one`,
        owner: used?.owner,
        cost: "who changes this file changes nothing; where the first one is dead, `docker volume ls` waits twice as long",
        remedy: `remove one of the two: rm ${quoted(file)}`,
      }));
    });
  },
};

/** Sockets before specs before JSON, folder by folder, a file before the folder of its name. */
function inOrder(
  found: readonly ExaminedPlugin[],
  folders: { readonly sockets: string; readonly specs: readonly string[] },
): ExaminedPlugin[] {
  const order = (plugin: ExaminedPlugin): number => {
    if (plugin.kind === "socket") return plugin.file === join(folders.sockets, `${plugin.name}.sock`) ? 0 : 1;
    const folder = folders.specs.findIndex((one) => plugin.file.startsWith(`${one}/`));
    const nested = plugin.file.endsWith(`/${plugin.name}/${plugin.name}.${plugin.kind}`) ? 1 : 0;
    return 2 + folder * 4 + (plugin.kind === "json" ? 2 : 0) + nested;
  };
  return found.toSorted((a, b) => order(a) - order(b));
}

const hungFolder: Check = {
  id: "hung-path",
  title: "A path on a file system that does not answer.",
  find: (facts) =>
    facts.hung.map((path) => ({
      severity: "error",
      object: path,
      what: "its file system does not answer: a network or FUSE file system whose server is gone",
      cost: "whoever looks there waits without end, the engine too",
      remedy: `bring the server back, or take the mount away: umount -l ${quoted(mountpointOf(path, facts))}`,
    })),
};

/** From the kernel's table, for to ask of the path itself is to hang. */
function mountpointOf(path: string, { mounts }: Facts): string {
  const above = mounts.map(({ mountpoint }) => mountpoint).filter((one) => path === one || path.startsWith(`${one}/`));
  return above.toSorted((a, b) => b.length - a.length)[0] ?? path;
}

const unreadableFolder: Check = {
  id: "unreadable-folder",
  title: "A folder of plugins that cannot be read.",
  find: (facts) =>
    facts.unreadable.map(({ folder, why }) => ({
      severity: "error",
      object: folder,
      what: `cannot be read: ${why}`,
      cost: "where the engine cannot read it either, its scan fails and `docker volume ls` shows no volumes of plugins",
      remedy: /EACCES|EPERM/.test(why)
        ? "run outrigger doctor as root"
        : `make it a folder: rm ${quoted(folder)} && mkdir ${quoted(folder)}`,
    })),
};

const crowdedFolder: Check = {
  id: "crowded-folder",
  title: "A folder of plugins with more in it than can be meant.",
  find: (facts) =>
    facts.crowded.map((folder) => ({
      severity: "warning",
      object: folder,
      what: "holds so much that only a part was examined (5000 entries of a folder, 256 plugins in all)",
      cost: "the engine goes through all of it on every `docker volume ls`, and shakes hands with each plugin",
      remedy: `see what fills it: ls -f ${quoted(folder)} | head -50`,
    })),
};

/** The checks of this theme. */
export const fileChecks: readonly Check[] = [
  badFile,
  weakenedFile,
  shadowedName,
  hungFolder,
  unreadableFolder,
  crowdedFolder,
];
