// TR: connections, and the socket that a plugin listens on.
import { once } from "node:events";
import { lstat, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { ConformanceCase } from "../case.ts";
import type { PluginLink } from "../connection.ts";
import type { SendOptions, Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { atOnce } from "./at-once.ts";
import { probeOf } from "./probes.ts";
import { restartQuietly } from "./quiet-restart.ts";

const client = "moby/moby pkg/plugins/client.go";
const sockets = "docker/go-connections sockets/sockets.go";

const shared = { protocol: "transport", severity: "MUST", rule: sockets } as const;

/** Under the 30 s after which the engine closes an idle connection itself. */
const idleMs = 29_000;

/** The cases about connections. */
export const transportConnectionCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "TR-22",
    title: "A connection can be used for a second request, unless the first reply says close",
    judge: async (trial) => {
      const { quiet } = await probeOf(trial);
      const link = await trial.link();
      const first = await trial.send(quiet.method, quiet.request, { link });
      if (saysClose(first.reply)) return;
      await trial.ok(quiet.method, quiet.request, { link });
    },
  },
  {
    ...shared,
    id: "TR-23",
    severity: "SHOULD",
    title: "A connection that was idle for 29 s still works",
    needs: ["slow"],
    judge: async (trial) => {
      const { quiet } = await probeOf(trial);
      const link = await trial.link();
      const { reply } = await trial.send(quiet.method, quiet.request, { link });
      if (saysClose(reply)) return;
      const idle = new AbortController();
      const signal = AbortSignal.any([idle.signal, trial.signal]);
      const closed = once(link.socket, "close", { signal }).then(() => "closed");
      const how = await Promise.race([closed, wait(idleMs, "open", { signal })]).finally(() => idle.abort());
      if (how === "closed")
        throw new Violation(
          "the plugin closed an idle connection before the engine would: a call that it meets is sent again without its body",
        );
      await trial.ok(quiet.method, quiet.request, { link });
    },
  },
  {
    ...shared,
    id: "TR-24",
    title: "Twenty connections at once are all answered",
    judge: async (trial) => {
      const { quiet } = await probeOf(trial);
      const links = await atOnce(20, () => trial.link());
      await atOnce(20, async (index) => trial.ok(quiet.method, quiet.request, withLink(links[index])));
    },
  },
  {
    ...shared,
    id: "TR-30",
    title: "A plugin that was killed listens again at its address after a start",
    rule: "moby/moby pkg/plugins/discovery.go",
    needs: ["restart"],
    judge: async (trial) => {
      await trial.restart("SIGKILL");
      const file = socketOf(trial);
      if (file !== undefined && !(await stat(file)).isSocket()) throw new Violation(`${file} is no socket any more`);
    },
  },
  {
    ...shared,
    id: "TR-31",
    severity: "SHOULD",
    title: "A plugin that ends by SIGTERM takes its socket away",
    rule: client,
    needs: ["restart"],
    judge: async (trial) => {
      const file = visibleSocket(trial);
      const { quiet } = await probeOf(trial);
      let left: boolean | undefined;
      const whileDown = async (): Promise<void> => {
        left = await lstat(file).then(
          () => true,
          () => false,
        );
      };
      await restartQuietly(trial, { how: "SIGTERM", call: quiet, whileDown });
      if (left === undefined) trial.skip("the restart command does not show the plugin's end");
      if (left) throw new Violation(`${file} is left over; the engine dials it for 15 s at each \`docker volume ls\``);
    },
  },
  {
    ...shared,
    id: "TR-32",
    severity: "SHOULD",
    title: "Other users cannot connect to the socket",
    rule: client,
    judge: async (trial) => {
      const file = visibleSocket(trial);
      const { mode } = await stat(file);
      if ((mode & 0o002) === 0 || (await hidden(dirname(file)))) return;
      throw new Violation(
        `${file} has mode ${(mode & 0o777).toString(8)}; whoever connects has the plugin's rights: make it 660`,
      );
    },
  },
];

function withLink(link: PluginLink | undefined): SendOptions {
  return link === undefined ? {} : { link };
}

function saysClose({
  version,
  headers,
}: {
  version: string;
  headers: ReadonlyMap<string, readonly string[]>;
}): boolean {
  const connection = headers.get("connection")?.join(",").toLowerCase() ?? "";
  return connection.includes("close") || (version === "HTTP/1.0" && !connection.includes("keep-alive"));
}

/** The socket as it is seen from here. */
function socketOf(trial: Trial): string | undefined {
  const { address } = trial.wire;
  // Ours to dial, so it is a path of this machine already.
  return address.transport === "unix" ? address.path : undefined;
}

function visibleSocket(trial: Trial): string {
  return socketOf(trial) ?? trial.skip("the plugin does not listen on a unix socket");
}

/** Whether some folder above keeps others out. */
async function hidden(folder: string): Promise<boolean> {
  if (((await stat(folder)).mode & 0o001) === 0) return true;
  return folder === dirname(folder) ? false : hidden(dirname(folder));
}
