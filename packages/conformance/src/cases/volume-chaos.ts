// VOL-C: kill -9 at any moment. What was answered stays; what was not is done or undone, never half.
import type { ConformanceCase } from "../case.ts";
import { NoReply } from "../connection.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { assertMark, writeMark, type Mark } from "../volume-data.ts";
import {
  assertGone,
  create,
  createVolume,
  findVolume,
  knownVolume,
  listNames,
  mount,
  optionsOf,
  remove,
  sources,
  times,
  visit,
} from "./volume-steps.ts";
import { mountAgain, outliveMounted, outliveUnused } from "./volume-restart.ts";

const shared = { protocol: "VolumeDriver", severity: "MUST", rule: sources.restore } as const;
const killed = { ...shared, needs: ["chaos", "restart"] } as const;
const killedOnDisk = { ...shared, needs: ["chaos", "restart", "mountpoints"] } as const;

/** The cases of kill -9. */
export const volumeChaosCases: readonly ConformanceCase[] = [
  {
    ...killed,
    id: "VOL-C01",
    title: "a volume whose Create was answered is there after kill -9",
    judge: (trial) => outliveUnused(trial, "SIGKILL"),
  },
  {
    ...killedOnDisk,
    id: "VOL-C02",
    title: "a mounted volume can be used after kill -9 of the plugin, and its Unmount releases it",
    judge: (trial) => outliveMounted(trial, "SIGKILL"),
  },
  {
    ...killedOnDisk,
    id: "VOL-C03",
    title: "after kill -9 of the plugin a Mount with the ID of before works",
    judge: (trial) => mountAgain(trial, "SIGKILL"),
  },
  {
    ...killed,
    id: "VOL-C04",
    title: "a volume whose Remove was answered is gone after kill -9",
    judge: async (trial) => {
      const name = await createVolume(trial);
      await remove(trial, name);
      await trial.restart("SIGKILL");
      await assertGone(trial, name, "its Remove, and kill -9");
      await create(trial, name);
    },
  },
  {
    ...killedOnDisk,
    id: "VOL-C05",
    title: "kill -9 amid Creates leaves each volume made or not made, and never half",
    judge: (trial) =>
      killAmid(trial, {
        before: async (name) => name,
        call: (name) => ["VolumeDriver.Create", { Name: name, Opts: optionsOf(trial) }],
        after: async (name, done) => {
          const isKnown = (await findVolume(trial, name)) !== undefined;
          if (done) await knownVolume(trial, name, "its Create was answered, and kill -9");
          if ((await listNames(trial)).includes(name) !== isKnown)
            throw new Violation(`after kill -9 Get and List do not agree on whether "${name}" is there`);
          if (!isKnown) await create(trial, name);
          await visit(trial, name, async (mountpoint) => void (await writeMark(trial, mountpoint)));
          await remove(trial, name);
        },
      }),
  },
  {
    ...killedOnDisk,
    id: "VOL-C06",
    title: "kill -9 amid Mounts loses no data and leaves no volume that cannot be mounted, unmounted and removed",
    judge: (trial) =>
      killAmid(trial, {
        before: async (name) => ({ id: trial.id(), mark: await makeWithMark(trial, name) }),
        call: (name, { id }) => ["VolumeDriver.Mount", { Name: name, ID: id }],
        after: (name, _done, held) => assertWhole(trial, name, { ...held, when: "kill -9 amid its Mount" }),
      }),
  },
  {
    ...killedOnDisk,
    id: "VOL-C07",
    title: "kill -9 amid Unmounts loses no data and leaves no volume that cannot be mounted, unmounted and removed",
    judge: (trial) =>
      killAmid(trial, {
        before: async (name) => {
          const id = trial.id();
          await create(trial, name);
          return { id, mark: await writeMark(trial, await mount(trial, name, id)) };
        },
        call: (name, { id }) => ["VolumeDriver.Unmount", { Name: name, ID: id }],
        after: (name, _done, held) => assertWhole(trial, name, { ...held, when: "kill -9 amid its Unmount" }),
      }),
  },
  {
    ...killedOnDisk,
    id: "VOL-C08",
    title: "kill -9 amid Removes leaves each volume whole or gone, and its name can be used again",
    judge: (trial) =>
      killAmid(trial, {
        before: (name) => makeWithMark(trial, name),
        call: (name) => ["VolumeDriver.Remove", { Name: name }],
        after: async (name, done, mark) => {
          if (done) await assertGone(trial, name, "its Remove was answered, and kill -9");
          if ((await findVolume(trial, name)) !== undefined) {
            await visit(trial, name, (at) => assertMark(trial, at, { mark, when: "kill -9 amid its Remove" }));
            await remove(trial, name);
          }
          await create(trial, name);
          await visit(trial, name, async () => {});
        },
      }),
  },
];

/** A call on several volumes at once, amid which the plugin is killed. */
interface Amid<T> {
  readonly before: (name: string) => Promise<T>;
  readonly call: (name: string, known: T) => readonly [method: string, request: object];
  /** `done` says that the call was answered, and succeeded. */
  readonly after: (name: string, done: boolean, known: T) => Promise<void>;
}

/** Kills the plugin twice: when one of four calls was answered, and when two were. */
async function killAmid<T>(trial: Trial, { before, call, after }: Amid<T>): Promise<void> {
  for (const enough of [1, 2]) {
    const names = times(4, () => trial.name("amid"));
    const volumes: { readonly name: string; readonly known: T }[] = [];
    for (const name of names) volumes.push({ name, known: await before(name) });
    const answered = Promise.withResolvers<void>();
    let count = 0;
    const calls = Promise.all(
      volumes.map(async ({ name, known }) => {
        const done = await attempt(trial, call(name, known));
        count += 1;
        if (count >= enough) answered.resolve();
        return done;
      }),
    );
    // Looked at below, and by then an error would have been taken for one that nobody looks at.
    calls.catch(() => {});
    await Promise.race([answered.promise, calls]);
    await trial.restart("SIGKILL");
    const done = await calls;
    for (const [index, { name, known }] of volumes.entries()) await after(name, done[index] === true, known);
  }
}

/** A volume that may be held by one ID or not has its data, and can be used and removed. */
async function assertWhole(trial: Trial, name: string, held: { id: string; mark: Mark; when: string }): Promise<void> {
  await visit(trial, name, (mountpoint) => assertMark(trial, mountpoint, held));
  await trial.send("VolumeDriver.Unmount", { Name: name, ID: held.id });
  await remove(trial, name);
}

/** Whether a call was answered, and succeeded; one that was not answered was cut short by the kill. */
async function attempt(trial: Trial, [method, request]: readonly [string, object]): Promise<boolean> {
  try {
    return (await trial.send(method, request)).failure === undefined;
  } catch (error) {
    if (error instanceof Violation && error.cause instanceof NoReply) return false;
    throw error;
  }
}

async function makeWithMark(trial: Trial, name: string): Promise<Mark> {
  await create(trial, name);
  return visit(trial, name, (mountpoint) => writeMark(trial, mountpoint));
}
