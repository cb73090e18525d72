// What plugins and tools of ours left behind when they were killed.
import { basename, dirname, join } from "node:path";
import { ownLinkAlias, ownLinkPrefix } from "@outrigger/linux";
import { quoted, type Check } from "../check.ts";
import type { Facts, FileFacts, StateFolder } from "../facts.ts";
import { movedSocket } from "../moved-socket.ts";

/** State folders of plugins that neither listen nor have a file open: nobody looks after what they mounted. */
function abandoned(facts: Facts): StateFolder[] {
  return facts.stateFolders.filter(({ plugin, inUse }) => !inUse && !isLive(plugin, facts));
}

function isLive(name: string, facts: Facts): boolean {
  return facts.plugins.some(
    (plugin) => plugin.name === name && (!plugin.tried || !["dead", "unusable"].includes(plugin.state)),
  );
}

const leftoverMount: Check = {
  id: "leftover-mount",
  title: "A mount below the state folder of a plugin of ours that does not run.",
  find: (facts) =>
    abandoned(facts).flatMap(({ plugin, folder }) =>
      facts.mounts
        .filter(({ mountpoint }) => mountpoint.startsWith(`${folder}/`))
        .map(({ mountpoint, fileSystem, source }) => ({
          severity: "warning" as const,
          object: mountpoint,
          what: `${fileSystem} file system ${source} is mounted for plugin "${plugin}", which does not run`,
          cost: "its volume can be neither moved nor deleted, and a container may still write to it",
          remedy: `start the plugin again, which sets this right; or, when no container uses it: umount ${quoted(mountpoint)}`,
        })),
    ),
};

const leftoverLoop: Check = {
  id: "leftover-loop",
  title: "A loop device on an image of a plugin of ours that does not run.",
  find: (facts) =>
    abandoned(facts).flatMap(({ plugin, folder }) =>
      facts.loops
        .filter(({ file }) => file.startsWith(`${folder}/`))
        .map(({ device, file }) => ({
          severity: "warning" as const,
          object: device,
          what: `${device} is set up on ${file} for plugin "${plugin}", which does not run`,
          cost: "the image's space is not given back, and the device is not free for others",
          remedy: `start the plugin again; or, when nothing is mounted from it: losetup -d ${device}`,
        })),
    ),
};

const leftoverLink: Check = {
  id: "leftover-link",
  title: `A link named ${ownLinkAlias("<plugin>", "<endpoint>")} of a network plugin of ours that does not run.`,
  find: (facts) =>
    facts.links.flatMap(({ name, plugin, endpoint }) => {
      if (plugin === undefined) {
        return {
          severity: "note" as const,
          object: name,
          what: `link ${name} has our prefix "${ownLinkPrefix}" and no alias that says whose it is`,
          cost: "nobody will remove it",
          remedy: `see what it is: ip -d link show ${quoted(name)}`,
        };
      }
      if (isLive(plugin, facts)) return [];
      return {
        severity: "warning" as const,
        object: name,
        what: `link ${name} belongs to endpoint ${endpoint} of plugin "${plugin}", which does not run`,
        cost: "a container on it is without a network when it needs a change, and an address may be taken twice",
        remedy: `start the plugin again; or, when no container uses it: ip link del ${quoted(name)}`,
      };
    }),
};

const leftoverTrace: Check = {
  id: "leftover-trace",
  title: "A socket that `outrigger trace` moved aside and did not put back.",
  find: (facts) =>
    facts.hidden.flatMap(({ file, kept, inUse }) => {
      const [, verb = "", , name = ""] = movedSocket.exec(basename(file)) ?? [];
      if (name === "" || inUse) return [];
      const place = join(dirname(file), name);
      const what = `outrigger ${verb} moved the socket of ${basename(name, ".sock")} aside and was killed before it put it back`;
      const isTaken = facts.plugins.some((plugin) => plugin.file === place && plugin.state !== "dead");
      if (kept?.isSocket !== true || isTaken || !mayListen(kept, facts)) {
        return {
          severity: "warning" as const,
          object: file,
          what: `${what}; nobody needs it any more`,
          cost: "nothing: no engine looks there",
          remedy: `rm -r ${quoted(file)}`,
        };
      }
      return {
        severity: "error" as const,
        object: file,
        what,
        cost: "the plugin runs, and the engine cannot reach it",
        remedy: `mv -f ${quoted(join(file, "plugin"))} ${quoted(place)} && rmdir ${quoted(file)}`,
      };
    }),
};

/** Whether a process may still listen there: for sure not, where the kernel tells the files of all that listen. */
function mayListen({ inode }: FileFacts, { sockets }: Facts): boolean {
  const listening = sockets.filter(({ listens }) => listens);
  return listening.some(({ fileInode }) => fileInode === undefined || fileInode === inode);
}

const leftoverLock: Check = {
  id: "leftover-lock",
  title: "What a plugin left that was killed while it made its socket.",
  find: (facts) =>
    facts.hidden
      .filter(({ file, isFolder, changedMs }) => isFolder && isLock(file) && facts.now.getTime() - changedMs > 60_000)
      .map(({ file }) => ({
        severity: "note",
        object: file,
        what: "a plugin of ours was killed while it made its socket, and left this",
        cost: "nothing: the next plugin at that place takes it over",
        remedy: `rm -r ${quoted(file)}`,
      })),
};

/** The lock of a socket, and the nameless folder that it is made in: packages/plugin unix-socket.ts. */
function isLock(file: string): boolean {
  return /^\..+\.sock$|^\.[A-Za-z0-9_-]{6}$/.test(basename(file));
}

const damagedState: Check = {
  id: "damaged-state",
  title: "State of a plugin of ours that was found damaged and set aside.",
  find: (facts) =>
    facts.stateFolders.flatMap(({ plugin, damaged }) =>
      damaged.map((file) => ({
        severity: "error" as const,
        object: file,
        what: `the state of plugin "${plugin}" was damaged, and was set aside here`,
        cost: "the plugin does not start, so that it does not forget volumes that are there",
        remedy: `put a backup in its place; or move ${quoted(file)} elsewhere, and begin without any state`,
      })),
    ),
};

/** The checks of this theme. */
export const leftoverChecks: readonly Check[] = [
  leftoverMount,
  leftoverLoop,
  leftoverLink,
  leftoverTrace,
  leftoverLock,
  damagedState,
];
