// What stands behind the plugins' files: nothing, silence, an error, or something else.
import { basename, dirname, join } from "node:path";
import { formatAddress } from "@outrigger/engine";
import type { ProcessFacts } from "@outrigger/linux";
import { protocols } from "@outrigger/protocol";
import { quoted, type Check } from "../check.ts";
import { holderOf } from "../examine-plugins.ts";
import type { ExaminedPlugin, Facts } from "../facts.ts";

const slowList = "every `docker volume ls`, and every use of a volume that the engine does not know, waits 15 s for it";

/** Managed plugins are the engine's own affair, and not in its scan. */
function scanned(facts: Facts): ExaminedPlugin[] {
  return facts.plugins.filter(({ kind, tried }) => kind !== "managed" && tried);
}

const deadSocket: Check = {
  id: "dead-socket",
  title: "A socket file that nothing listens on.",
  find: (facts) =>
    scanned(facts)
      .filter(({ kind, state }) => kind === "socket" && state === "dead")
      .map(({ name, file, owner }) => ({
        severity: "error",
        object: file,
        what: `nothing listens on the socket of plugin "${name}"; whoever made it ended without removing it`,
        owner,
        cost: slowList,
        remedy: `start the plugin again, or remove what it left: rm ${quoted(file)} (or: outrigger doctor --fix)`,
      })),
};

const deadAddress: Check = {
  id: "dead-address",
  title: "A .spec or .json file that leads to where nothing listens.",
  find: (facts) =>
    scanned(facts)
      .filter(({ kind, state }) => kind !== "socket" && state === "dead")
      .map(({ name, file, address }) => ({
        severity: "error",
        object: file,
        what: `plugin "${name}" is to be at ${address === undefined ? "no address" : formatAddress(address)}, where nothing listens`,
        cost: slowList,
        remedy: `start the plugin, or set the file aside: mv ${quoted(file)} ${quoted(`${file}.unused`)} (or: outrigger doctor --fix)`,
      })),
};

const silentSocket: Check = {
  id: "silent-socket",
  title: "A plugin that accepts connections and does not answer.",
  find: (facts) =>
    scanned(facts)
      .filter(({ state }) => state === "silent")
      .map(({ name, file, owner }) => ({
        severity: "error",
        object: file,
        what: `plugin "${name}" takes calls and does not answer within ${facts.deadlineMs} ms`,
        owner,
        cost: "every `docker volume ls` hangs until it answers, for the engine waits for the handshake without a limit",
        remedy: owner === undefined ? "restart whoever serves it" : `restart it: ${restart(owner, file)}`,
      })),
};

const failingHandshake: Check = {
  id: "failing-handshake",
  title: "Something that answers, but not as a plugin does.",
  find: (facts) =>
    scanned(facts)
      .filter(({ state }) => state === "fails" || state === "not-a-plugin")
      .map(({ name, file, owner, reason }) => ({
        severity: "error",
        object: file,
        what: `"${name}" is no usable plugin: ${reason}`,
        owner,
        cost: `the engine cannot use the driver "${name}"; each use fails`,
        remedy: `look at its log; if it is no plugin, remove ${quoted(file)}`,
      })),
};

const unknownProtocol: Check = {
  id: "unknown-protocol",
  title: "A handshake that names no protocol the engine knows.",
  find: (facts) =>
    scanned(facts)
      .filter(({ state, implements: names = [] }) => state === "answers" && !names.some((name) => known.has(name)))
      .map(({ name, file, owner, implements: names = [] }) => ({
        severity: "error",
        object: file,
        what: `plugin "${name}" says that it implements ${names.length === 0 ? "nothing" : names.join(", ")}`,
        owner,
        cost: "the engine activates it, uses it for nothing, and remembers that until it is restarted",
        remedy: `let its handshake name one of ${[...known].join(", ")}, spelled exactly so; then restart the engine`,
      })),
};

/** Gone from the engine in 27, but a plugin that names it is none that is wrong. */
const known = new Set([...Object.keys(protocols), "GraphDriver"]);

const forbiddenSocket: Check = {
  id: "forbidden",
  title: "A plugin that this user may not ask.",
  find: (facts) =>
    scanned(facts)
      .filter(({ state }) => state === "forbidden")
      .map(({ name, file }) => ({
        severity: "note",
        object: file,
        what: `plugin "${name}" was not examined: this user may not connect`,
        cost: "what is wrong with it stays unseen",
        remedy: "run outrigger doctor as root",
      })),
};

const stolenSocket: Check = {
  id: "stolen-socket",
  title: "A process that listens on a socket whose file another process has replaced.",
  find: (facts) =>
    scanned(facts).flatMap((plugin) => {
      const { name, file, address, socket } = plugin;
      if (address?.transport !== "unix") return [];
      const listening = facts.sockets.filter(({ listens, path }) => listens && path === address.path);
      // A socket that was moved aside is still its file.
      const moved = new Set(facts.hidden.map(({ kept }) => kept?.inode));
      const losers = listening.filter(({ fileInode }) =>
        fileInode === undefined ? listening.length > 1 : fileInode !== socket?.inode && !moved.has(fileInode),
      );
      return losers.map((loser) => {
        const owner = holderOf(loser, facts.holders);
        const winner = plugin.owner === undefined ? "another process" : `process ${plugin.owner.pid}`;
        return {
          severity: "error" as const,
          object: file,
          what: `${owner === undefined ? "a process" : `process ${owner.pid}`} listens for plugin "${name}", but ${winner} put its own socket in that place`,
          owner,
          cost: "no call reaches it any more, and what it knows of volumes and networks is out of date",
          remedy:
            owner === undefined
              ? `find both with: ss -xlp | grep ${quoted(basename(address.path))}; end one and restart the other`
              : `end it: ${stop(owner)}; then restart the one that is to serve ${name}`,
        };
      });
    }),
};

const deadManaged: Check = {
  id: "dead-managed",
  title: "An enabled managed plugin that does not answer.",
  find: (facts) =>
    facts.plugins
      .filter(({ kind, state, tried }) => tried && kind === "managed" && ["dead", "silent"].includes(state))
      .filter(() => facts.engine?.process !== undefined)
      .map(({ name, file, state, owner }) => {
        const managed = facts.engine?.state.managed.find(({ id }) => id === name);
        const shown = managed?.name ?? name.slice(0, 12);
        return {
          severity: "error" as const,
          object: file,
          what: `managed plugin ${shown} ${state === "dead" ? "does not listen" : `does not answer within ${facts.deadlineMs} ms`}`,
          owner,
          cost: "each use of it fails, or hangs",
          remedy: `docker plugin disable -f ${quoted(shown)} && docker plugin enable ${quoted(shown)}; its output is in the engine's log under plugin=${name.slice(0, 12)}`,
        };
      }),
};

/** The command that restarts who serves a socket. */
function restart({ pid, unit }: ProcessFacts, path: string): string {
  if (pid === 1) return `systemctl list-sockets | grep ${quoted(path)} names the unit; systemctl restart that`;
  const container = /^docker-([0-9a-f]{12})[0-9a-f]*\.scope$/.exec(unit ?? "")?.[1];
  if (container !== undefined) return `docker restart ${container}`;
  return unit?.endsWith(".service") === true ? `systemctl restart ${unit}` : `kill ${pid}, then start it again`;
}

function stop({ pid, unit }: ProcessFacts): string {
  return unit?.endsWith(".service") === true ? `systemctl stop ${unit}` : `kill ${pid}`;
}

const linkedSocket: Check = {
  id: "linked-socket",
  title: "A link to a socket, which one half of the engine sees.",
  find: (facts) =>
    scanned(facts)
      .filter(({ kind, linked }) => kind === "socket" && linked)
      .map(({ name, file }) => ({
        severity: "note",
        object: file,
        what: `the socket of plugin "${name}" is a link: the engine finds it by name, and its scan passes it over`,
        cost: "`docker volume ls` leaves its volumes out until the plugin was used once",
        remedy: `let the plugin listen in ${quoted(dirname(file))} itself, or write ${quoted(join(facts.folders.specs[0] ?? "/etc/docker/plugins", `${name}.spec`))}`,
      })),
};

/** The checks of this theme. */
export const socketChecks: readonly Check[] = [
  deadSocket,
  deadAddress,
  silentSocket,
  failingHandshake,
  unknownProtocol,
  forbiddenSocket,
  stolenSocket,
  deadManaged,
  linkedSocket,
];
