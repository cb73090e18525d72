// VOL: calls at the same time. The engine waits for one volume's calls, never for those of another.
import type { ConformanceCase } from "../case.ts";
import { Violation } from "../violation.ts";
import { assertMark, assertReleased, assertUsable, watchMounts, writeMark } from "../volume-data.ts";
import { createVolume, mount, remove, sources, times, unmount, visit } from "./volume-steps.ts";

const shared = { protocol: "VolumeDriver", severity: "SHOULD", needs: ["mountpoints"] } as const;

/** The cases of calls at once, and of one ID on several volumes. */
export const volumeParallelCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "VOL-41",
    rule: sources.mounts,
    title: "ten Mounts at once of one volume make one mount, and get one path",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const ids = times(10, () => trial.id());
      const mountpoints = await Promise.all(ids.map((id) => mount(trial, name, id)));
      const [first = ""] = mountpoints;
      const other = mountpoints.find((mountpoint) => mountpoint !== first);
      if (other !== undefined) throw new Violation(`ten Mounts at once of one volume got ${first} and ${other}`);
      const spot = await watchMounts(trial, first);
      const count = await spot.count();
      if (count > 1) throw new Violation(`ten Mounts at once of one volume made ${count} mounts on ${first}`);
      await Promise.all(ids.map((id) => unmount(trial, name, id)));
      await assertReleased(trial, spot, "ten Mounts at once and ten Unmounts at once");
      await remove(trial, name);
    },
  },
  {
    ...shared,
    id: "VOL-42",
    rule: sources.store,
    title: "Mounts and Unmounts of one volume at once are counted right",
    judge: async (trial) => {
      const name = await createVolume(trial, "busy");
      const holder = trial.id();
      const mountpoint = await mount(trial, name, holder);
      const spot = await watchMounts(trial, mountpoint);
      const mark = await writeMark(trial, mountpoint);
      const comeAndGo = async (): Promise<void> => {
        await visit(trial, name, async () => {});
        await visit(trial, name, async () => {});
      };
      await Promise.all(times(6, comeAndGo));
      await assertUsable(trial, mountpoint, { mark, when: "others mounted and unmounted it at the same time" });
      await unmount(trial, name, holder);
      await assertReleased(trial, spot, "Mounts and as many Unmounts at once");
      await remove(trial, name);
    },
  },
  {
    ...shared,
    id: "VOL-56",
    rule: sources.store,
    title: "several volumes are mounted and unmounted at the same time",
    judge: async (trial) => {
      const names: string[] = [];
      while (names.length < 6) names.push(await createVolume(trial, "many"));
      for (const round of ["first", "second"]) {
        await Promise.all(
          names.map((name) =>
            visit(trial, name, async (mountpoint) => {
              const mark = await writeMark(trial, mountpoint);
              await assertMark(trial, mountpoint, { mark, when: `the ${round} Mount of six volumes at once` });
            }),
          ),
        );
      }
    },
  },
  {
    ...shared,
    id: "VOL-57",
    rule: sources.podmanMount,
    title: "one ID on two volumes, as Podman sends it, is counted for each by itself",
    judge: async (trial) => {
      const [one, other] = [await createVolume(trial), await createVolume(trial)];
      const id = trial.id();
      await mount(trial, one, id);
      const mountpoint = await mount(trial, other, id);
      const mark = await writeMark(trial, mountpoint);
      await unmount(trial, one, id);
      await assertUsable(trial, mountpoint, { mark, when: "the Unmount of another volume with the same ID" });
    },
  },
];
