// VOL: removing volumes, and not removing those that somebody uses.
import type { ConformanceCase } from "../case.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { assertUsable, hasMark, writeMark, type Mark } from "../volume-data.ts";
import {
  assertGone,
  assertServes,
  create,
  createVolume,
  knownVolume,
  listNames,
  mount,
  remove,
  sources,
  visit,
} from "./volume-steps.ts";

const removeMethod = "VolumeDriver.Remove";
const shared = { protocol: "VolumeDriver", severity: "SHOULD", rule: sources.store } as const;

/** The cases of Remove. */
export const volumeRemoveCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "VOL-46",
    severity: "MUST",
    title: "Remove succeeds for a volume that nobody uses, and neither Get nor List know it any more",
    judge: async (trial) => {
      const name = await createVolume(trial);
      await visit(trial, name, async () => {});
      await remove(trial, name);
      await assertGone(trial, name, "its Remove");
      if ((await listNames(trial)).includes(name)) throw new Violation(`List still has "${name}" after its Remove`);
    },
  },
  {
    ...shared,
    id: "VOL-47",
    needs: ["mountpoints"],
    title: "Remove of a mounted volume is refused, and keeps the data",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const mountpoint = await mount(trial, name, trial.id());
      const mark = await writeMark(trial, mountpoint);
      await trial.fails(removeMethod, { Name: name });
      await knownVolume(trial, name, "its Remove was refused");
      await assertUsable(trial, mountpoint, { mark, when: "a Remove that was refused" });
    },
  },
  {
    ...shared,
    id: "VOL-48",
    title: "Remove of a volume that was never made is answered, and the plugin goes on",
    judge: async (trial) => {
      await trial.send(removeMethod, { Name: trial.name() });
      await assertServes(trial);
    },
  },
  {
    ...shared,
    id: "VOL-50",
    needs: ["mountpoints"],
    title: "a volume made again after its Remove has nothing of the old one",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const mark = await visit(trial, name, (mountpoint) => writeMark(trial, mountpoint));
      await refuseSharedStorage(trial, { name, mark });
      await remove(trial, name);
      await create(trial, name);
      const isOld = await visit(trial, name, (mountpoint) => hasMark(trial, mountpoint, mark));
      if (isOld) throw new Violation(`a volume made again after its Remove still has a file of the old one`);
    },
  },
];

/** Where volumes are but views of one place, such as one remote folder, a new one is not empty, and need not be. */
async function refuseSharedStorage(trial: Trial, { name, mark }: { name: string; mark: Mark }): Promise<void> {
  const other = await createVolume(trial);
  const isShared = await visit(trial, other, (mountpoint) => hasMark(trial, mountpoint, mark));
  if (isShared) trial.skip(`volumes made with these options share one storage: a file of "${name}" is in each`);
}
