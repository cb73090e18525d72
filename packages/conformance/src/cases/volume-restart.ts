// VOL: what outlives the plugin. It is stopped and started in order here; volume-chaos.ts kills it.
import type { ConformanceCase } from "../case.ts";
import type { Trial } from "../trial.ts";
import { assertReleased, assertUsable, watchMounts, writeMark } from "../volume-data.ts";
import { createVolume, knownVolume, mount, remove, sources, unmount } from "./volume-steps.ts";

const shared = { protocol: "VolumeDriver", severity: "MUST", rule: sources.restore } as const;

/** How the plugin is ended. */
export type End = "SIGTERM" | "SIGKILL";

/** The cases of restarts. */
export const volumeRestartCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "VOL-21",
    needs: ["restart"],
    title: "a volume is still there after the plugin was stopped and started",
    judge: (trial) => outliveUnused(trial, "SIGTERM"),
  },
  {
    ...shared,
    id: "VOL-39",
    needs: ["restart", "mountpoints"],
    title: "a mounted volume can be used after the plugin was stopped and started, and its Unmount releases it",
    judge: (trial) => outliveMounted(trial, "SIGTERM"),
  },
  {
    ...shared,
    id: "VOL-40",
    rule: sources.mounts,
    needs: ["restart", "mountpoints"],
    title: "after a restart a Mount with the ID of before works, as after a crash of the engine",
    judge: (trial) => mountAgain(trial, "SIGTERM"),
  },
];

/** A volume that nobody uses outlives the plugin's end. */
export async function outliveUnused(trial: Trial, end: End): Promise<void> {
  const name = await createVolume(trial);
  await trial.restart(end);
  await knownVolume(trial, name, `it was created and the plugin was ended by ${end} and started`);
}

/** A mounted volume outlives the plugin's end. */
export async function outliveMounted(trial: Trial, end: End): Promise<void> {
  const name = await createVolume(trial);
  const id = trial.id();
  const mountpoint = await mount(trial, name, id);
  const spot = await watchMounts(trial, mountpoint);
  const mark = await writeMark(trial, mountpoint);
  await trial.restart(end);
  const when = `the plugin was ended by ${end} and started`;
  await assertUsable(trial, mountpoint, { mark, when });
  await unmount(trial, name, id);
  await assertReleased(trial, spot, `${when}, and an Unmount`);
  await remove(trial, name);
}

/** A volume is mounted with one ID before and after the plugin's end. */
export async function mountAgain(trial: Trial, end: End): Promise<void> {
  const name = await createVolume(trial);
  const id = trial.id();
  const mark = await writeMark(trial, await mount(trial, name, id));
  await trial.restart(end);
  const mountpoint = await mount(trial, name, id);
  await assertUsable(trial, mountpoint, { mark, when: `a Mount with the ID of before ${end} and a start` });
  await unmount(trial, name, id);
  // One Mount or two: both counts are right, for nobody can tell whether the engine has lost the first.
  await trial.send("VolumeDriver.Unmount", { Name: name, ID: id });
  await remove(trial, name);
}
