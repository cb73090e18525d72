// VOL: making volumes, also for the second time and under names that nobody should use.
import { dirname, relative } from "node:path";
import type { ConformanceCase } from "../case.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { assertMark, listMounts, watchMounts, writeMark } from "../volume-data.ts";
import {
  assertGone,
  assertServes,
  create,
  createVolume,
  knownVolume,
  listNames,
  mount,
  optionsOf,
  show,
  sources,
  unmount,
  visit,
} from "./volume-steps.ts";

const createMethod = "VolumeDriver.Create";
const unknownOption = "or-no-such-option";
const shared = { protocol: "VolumeDriver", severity: "MUST", rule: sources.store } as const;

/** The cases of Create. */
export const volumeCreateCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "VOL-04",
    rule: sources.proxy,
    title: "Create of a new name succeeds, with the options given for the run or with none",
    judge: async (trial) => void (await knownVolume(trial, await createVolume(trial, "new"))),
  },
  {
    ...shared,
    id: "VOL-05",
    rule: sources.proxy,
    title: "Create takes null for no options, as `docker run -v` sends it",
    judge: (trial) => createPlainly(trial, { Opts: null }),
  },
  {
    ...shared,
    id: "VOL-06",
    severity: "MAY",
    rule: sources.podman,
    title: "Create takes a request without the key Opts",
    judge: (trial) => createPlainly(trial, {}),
  },
  {
    ...shared,
    id: "VOL-07",
    severity: "SHOULD",
    title: "Create refuses an option that it does not know, and names it",
    judge: async (trial) => {
      const name = trial.name();
      const failure = await trial.fails(createMethod, { Name: name, Opts: withUnknownOption(trial) });
      if (failure.includes(unknownOption)) return;
      throw new Violation(`Create with the option "${unknownOption}" was refused with "${failure}", not naming it`);
    },
  },
  {
    ...shared,
    id: "VOL-08",
    needs: ["mountpoints"],
    title: "Create of a name that exists, with the same options, succeeds and keeps the data",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const mark = await visit(trial, name, (mountpoint) => writeMark(trial, mountpoint));
      await create(trial, name);
      await visit(trial, name, (mountpoint) => assertMark(trial, mountpoint, { mark, when: "a second Create" }));
    },
  },
  {
    ...shared,
    id: "VOL-09",
    severity: "SHOULD",
    needs: ["mountpoints"],
    title: "Create of a name that exists, with other options, keeps the data, whether it succeeds or not",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const mark = await visit(trial, name, (mountpoint) => writeMark(trial, mountpoint));
      await trial.send(createMethod, { Name: name, Opts: withUnknownOption(trial) });
      const when = "a second Create with other options";
      await knownVolume(trial, name, when);
      await visit(trial, name, (mountpoint) => assertMark(trial, mountpoint, { mark, when }));
    },
  },
  {
    ...shared,
    id: "VOL-10",
    severity: "SHOULD",
    title: "a Create that failed leaves no volume",
    judge: async (trial) => {
      const attempts = [
        { Name: trial.name(), Opts: withUnknownOption(trial) },
        ...hostileNames(trial, trial.name()).map((name) => ({ Name: name, Opts: optionsOf(trial) })),
      ];
      let failed = 0;
      for (const request of attempts) {
        if ((await trial.send(createMethod, request)).failure === undefined) continue;
        failed += 1;
        await assertGone(trial, request.Name, "its Create failed; a second attempt would take it for made");
        if ((await listNames(trial)).includes(request.Name))
          throw new Violation(`List has "${request.Name}", whose Create failed`);
      }
      if (failed === 0) trial.skip("the plugin refuses no Create: it takes unknown options and any name");
    },
  },
  {
    ...shared,
    id: "VOL-11",
    severity: "MAY",
    rule: sources.mounts,
    needs: ["mountpoints"],
    title: "Create alone mounts nothing",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const before = await listMounts(trial);
      // Where a volume is mounted is known only from its Mount.
      const mountpoint = await mount(trial, name, trial.id());
      if ((await watchMounts(trial, mountpoint)).within(before) > 0)
        throw new Violation(`${mountpoint} was mounted after Create already, when nobody used the volume`);
    },
  },
  {
    ...shared,
    id: "VOL-51",
    severity: "SHOULD",
    rule: sources.names,
    title: "a name that is a path, has a NUL or 300 letters is refused or stays within the plugin's own folder",
    judge: async (trial) => {
      const names = [await createVolume(trial), await createVolume(trial)] as const;
      const places = [await placeOf(trial, names[0]), await placeOf(trial, names[1])] as const;
      const folder = commonFolder(...places);
      for (const name of hostileNames(trial, names[0])) {
        if ((await trial.send(createMethod, { Name: name, Opts: optionsOf(trial) })).failure !== undefined) continue;
        const request = { Name: name, ID: trial.id() };
        const answer = await trial.send("VolumeDriver.Mount", request);
        const mountpoint = fieldOf(answer.fields, "Mountpoint");
        if (answer.failure !== undefined || typeof mountpoint !== "string") continue;
        await unmount(trial, name, request.ID);
        const below = relative(folder, mountpoint);
        const isTaken = places[0] !== places[1] && places.includes(mountpoint);
        if (below !== "" && !below.startsWith("..") && !isTaken) continue;
        throw new Violation(
          `Mount of a volume named ${show(name)} got ${mountpoint}, where ${isTaken ? "another volume is" : `no volume belongs: they are in ${folder}`}; refuse such names`,
        );
      }
      await assertServes(trial);
    },
  },
  {
    ...shared,
    id: "VOL-52",
    severity: "SHOULD",
    rule: sources.names,
    title: "names that differ in case or signs alone are different volumes",
    judge: async (trial) => {
      const base = trial.name("data");
      const names = [`${base}A`, `${base}a`, `${base}.a`, `${base}_a-1`];
      for (const name of names) await create(trial, name);
      const listed = await listNames(trial);
      const lost = names.find((name) => !listed.includes(name));
      if (lost !== undefined) throw new Violation(`List does not have "${lost}", made beside ${names.join(", ")}`);
      const places: string[] = [];
      for (const name of names) places.push(await placeOf(trial, name));
      const second = places.findIndex((place, index) => places.indexOf(place) < index);
      if (second < 0) return;
      const first = places.indexOf(places[second] ?? "");
      throw new Violation(`"${names[first]}" and "${names[second]}" are both mounted on ${places[second]}`);
    },
  },
];

async function createPlainly(trial: Trial, options: object): Promise<void> {
  if (Object.keys(optionsOf(trial)).length > 0) trial.skip("a volume needs options here, so none can be made without");
  const name = trial.name();
  await trial.ok(createMethod, { Name: name, ...options });
  await knownVolume(trial, name);
}

function withUnknownOption(trial: Trial): object {
  return { ...optionsOf(trial), [unknownOption]: "1" };
}

/** None is `..` alone: a plugin that falls for it would, asked to remove the volume, delete what holds all of them. */
function hostileNames(trial: Trial, other: string): readonly string[] {
  const name = trial.name();
  return [`${name}/../${other}`, `../${trial.name()}`, `${name}\0x`, name.padEnd(300, "x")];
}

/** Where a volume is mounted. */
function placeOf(trial: Trial, name: string): Promise<string> {
  return visit(trial, name, async (mountpoint) => mountpoint);
}

/** The deepest folder that has both paths below it. */
function commonFolder(one: string, other: string): string {
  const folder = dirname(one);
  return other.startsWith(`${folder === "/" ? "" : folder}/`) ? folder : commonFolder(folder, other);
}
