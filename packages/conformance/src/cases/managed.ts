// MP: plugins that the engine runs itself, by their folder and, where they can be restarted, at work.
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { protocols } from "@outrigger/protocol";
import type { ConformanceCase } from "../case.ts";
import { NoReply } from "../connection.ts";
import { fieldOf } from "../json-field.ts";
import { backWithinMs, type Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { kindsOf } from "./kinds.ts";
import { inRootfs, isExecutable, listOf, readConfig } from "./managed-folder.ts";
import { act, probeOf } from "./probes.ts";
import { restartQuietly } from "./quiet-restart.ts";

const v2 = "moby/moby daemon/pkg/plugin/v2/plugin_linux.go";
const manager = "moby/moby daemon/pkg/plugin/manager_linux.go";

const shared = { protocol: "managed", severity: "MUST", rule: v2 } as const;

/** What the engine gives a plugin between SIGTERM and SIGKILL. */
const graceMs = 10_000;

/** The cases about managed plugins. */
export const managedCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "MP-01",
    title: "config.json is read, and its types are docker.<kind>/1.0",
    rule: "moby/moby api/types/plugin/plugin.go",
    judge: async (trial) => {
      const types = listOf(await readConfig(trial), "interface", "types");
      if (types.length === 0) throw new Violation(`config.json has no interface.types; write ["${knownTypes[0]}"]`);
      const wrong = types.find((type) => !knownTypes.some((known) => known === type));
      if (wrong !== undefined)
        throw new Violation(
          `interface.types has ${JSON.stringify(wrong)}; it is to be one of ${knownTypes.join(", ")}`,
        );
    },
  },
  {
    ...shared,
    id: "MP-02",
    title: "interface.socket names a file, and rootfs has /run/docker/plugins for it",
    rule: manager,
    judge: async (trial) => {
      const config = await readConfig(trial);
      const socket = fieldOf(config, "interface", "socket");
      if (typeof socket !== "string" || !/^[^/]+$/.test(socket))
        throw new Violation(`interface.socket is ${JSON.stringify(socket)}; name a file such as "plugin.sock"`);
      const scheme = fieldOf(config, "interface", "protocolScheme") ?? "";
      if (scheme !== "" && scheme !== "moby.plugins.http/v1")
        throw new Violation(
          `interface.protocolScheme is ${JSON.stringify(scheme)}, for which the engine has no client`,
        );
      if ((await inRootfs(trial, "/run/docker/plugins"))?.isDirectory() !== true)
        throw new Violation("rootfs has no folder /run/docker/plugins; the engine mounts the socket's folder there");
    },
  },
  {
    ...shared,
    id: "MP-03",
    title: "The socket accepts within 9.5 s of the start",
    rule: manager,
    needs: ["restart"],
    judge: async (trial) => {
      await trial.setting.restart?.("SIGKILL");
      const limit = performance.now() + backWithinMs(trial.setting);
      while (!(await accepts(trial))) {
        if (performance.now() > limit)
          throw new Violation("the socket did not accept in time, so the engine gives the plugin up");
        await wait(20, undefined, { signal: trial.signal });
      }
    },
  },
  {
    ...shared,
    id: "MP-04",
    title: "The plugin works though it never gets Plugin.Activate",
    rule: manager,
    needs: ["restart"],
    judge: async (trial) => {
      const { quiet: call } = await probeOf(trial);
      await restartQuietly(trial, { how: "SIGKILL", call });
    },
  },
  {
    ...shared,
    id: "MP-05",
    severity: "SHOULD",
    title: "SIGTERM ends the plugin within 10 s, and it knows afterwards what it knew before",
    rule: manager,
    needs: ["restart"],
    judge: async (trial) => {
      const started = performance.now();
      let took: number | undefined;
      await keepsState(trial, "SIGTERM", async () => void (took = performance.now() - started));
      const limitMs = Math.min(graceMs, trial.setting.callLimitMs ?? graceMs);
      if (took !== undefined && took > limitMs)
        throw new Violation(`SIGTERM took ${Math.round(took)} ms; after ${limitMs} the engine sends SIGKILL`);
    },
  },
  {
    ...shared,
    id: "MP-06",
    severity: "SHOULD",
    title: "After SIGKILL and a start the plugin knows what it knew before",
    rule: manager,
    needs: ["restart"],
    judge: (trial) => keepsState(trial, "SIGKILL"),
  },
  {
    ...shared,
    id: "MP-07",
    title: "Volumes are mounted below propagatedMount",
    judge: async (trial) => {
      const below = fieldOf(await readConfig(trial), "propagatedMount");
      if (typeof below !== "string" || below === "")
        return trial.skip("config.json has no propagatedMount, so volumes can only be plain folders of its rootfs");
      if (trial.setting.target === trial.setting.managedFolder)
        return trial.skip("only the folder was given; give the address of the running plugin, too");
      if (!(await kindsOf(trial)).includes("VolumeDriver")) return trial.skip("the plugin has no volumes");
      const Name = trial.name();
      await trial.ok("VolumeDriver.Create", { Name, Opts: trial.setting.options ?? {} });
      const mountpoint = fieldOf(await trial.ok("VolumeDriver.Mount", { Name, ID: trial.id() }), "Mountpoint");
      if (typeof mountpoint === "string" && resolve(mountpoint).startsWith(`${resolve(below)}/`)) return;
      throw new Violation(
        `Mountpoint is ${JSON.stringify(mountpoint)}; a mount outside ${below} is not seen by the engine`,
      );
    },
  },
  {
    ...shared,
    id: "MP-08",
    severity: "SHOULD",
    title: "config.json relies on no user, for the plugin runs as root whatever it says",
    judge: async (trial) => {
      const user = fieldOf(await readConfig(trial), "user");
      const ids = [fieldOf(user, "uid"), fieldOf(user, "gid")].map((id) => id ?? 0);
      if (ids.some((id) => id !== 0))
        throw new Violation(
          `config.json has the user ${JSON.stringify(user)}, which no engine looks at; drop rights in the plugin itself`,
        );
    },
  },
  {
    ...shared,
    id: "MP-09",
    title: "Mounts have a source and devices a path, the settable ones too",
    judge: async (trial) => {
      const config = await readConfig(trial);
      for (const [list, key] of [
        [listOf(config, "mounts"), "source"],
        [listOf(config, "linux", "devices"), "path"],
      ] as const) {
        const bare = list.find((entry) => typeof fieldOf(entry, key) !== "string");
        if (bare !== undefined)
          throw new Violation(
            `${JSON.stringify(bare)} has no ${key}: the plugin cannot be enabled, nor can it be set; give a default`,
          );
      }
    },
  },
  {
    ...shared,
    id: "MP-10",
    title: "The entrypoint is a program of rootfs, by its path or found in the usual folders",
    judge: async (trial) => {
      const config = await readConfig(trial);
      const [program] = listOf(config, "entrypoint");
      if (typeof program !== "string" || program === "")
        throw new Violation('config.json has no entrypoint; write ["/plugin"]');
      const workdir = fieldOf(config, "workdir");
      const folders = program.includes("/") ? [typeof workdir === "string" ? workdir : "/"] : usualFolders;
      for (const folder of folders) if (isExecutable(await inRootfs(trial, resolve("/", folder, program)))) return;
      throw new Violation(`the entrypoint ${program} is no executable file of rootfs`);
    },
  },
];

const knownTypes: readonly string[] = [
  ...Object.values(protocols).map(({ managedType }) => managedType),
  "docker.csicontroller/1.0",
  "docker.csinode/1.0",
  "docker.graphdriver/1.0",
];

/** The engine's PATH for plugins. Source: moby/moby daemon/pkg/oci/defaults.go. */
const usualFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

async function accepts(trial: Trial): Promise<boolean> {
  try {
    await trial.link();
    return true;
  } catch (error) {
    if (error instanceof NoReply) return false;
    throw error;
  }
}

async function keepsState(trial: Trial, how: "SIGKILL" | "SIGTERM", whileDown?: () => Promise<void>): Promise<void> {
  const probe = await probeOf(trial);
  const answer = await act(trial, probe);
  await restartQuietly(trial, { how, call: probe.quiet, ...(whileDown && { whileDown }) });
  if (!(await probe.took(answer)))
    throw new Violation(`what ${probe.act.method} made is not known after ${how} and a start`);
}
