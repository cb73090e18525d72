// VOL: what a plugin says of its volumes, which the engine believes word for word.
import type { ConformanceCase } from "../case.ts";
import { fieldOf, type JsonObject } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import {
  assertGone,
  createVolume,
  findVolume,
  knownVolume,
  listNames,
  listVolumes,
  remove,
  show,
  sources,
  times,
} from "./volume-steps.ts";

const capabilities = "VolumeDriver.Capabilities";
const shared = { protocol: "VolumeDriver", severity: "MUST", rule: sources.adapter } as const;

/** The cases of Capabilities, Get and List. */
export const volumeAnswerCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "VOL-01",
    title: "Capabilities names the scope local or global, or is refused",
    judge: async (trial) => {
      const scope = await scopeOf(trial);
      if (scope !== "local" && scope !== "global")
        throw new Violation(`Capabilities got the Scope ${show(scope)}; it has to be "local" or "global"`);
    },
  },
  {
    ...shared,
    id: "VOL-02",
    severity: "SHOULD",
    title: "the scope stays the same from call to call",
    judge: async (trial) => {
      const first = await scopeOf(trial);
      await createVolume(trial);
      const later = [await scopeOf(trial), await scopeOf(trial)];
      if (later.some((scope) => scope !== first))
        throw new Violation(`the scope was ${first} and then ${later.join(", ")}; the engine keeps the first`);
    },
  },
  {
    ...shared,
    id: "VOL-03",
    severity: "SHOULD",
    rule: sources.extpoint,
    title: "fifty calls of Capabilities are answered quickly and change nothing",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const durations: number[] = [];
      for (let call = 0; call < 50; call += 1) durations.push((await trial.send(capabilities)).reply.milliseconds);
      await knownVolume(trial, name, "fifty calls of Capabilities");
      assertQuick(durations, "Capabilities");
    },
  },
  {
    ...shared,
    id: "VOL-12",
    title: "Get of a volume that was never made says that there is none",
    judge: (trial) => assertGone(trial, trial.name(), "no Create"),
  },
  {
    ...shared,
    id: "VOL-13",
    title: "Get answers with the name that it was asked for, byte for byte",
    judge: async (trial) => {
      const name = await createVolume(trial, "Data.v_1");
      const answered = fieldOf(await knownVolume(trial, name), "Name");
      if (answered !== name)
        throw new Violation(`Get {"Name":"${name}"} got the Name ${show(answered)}; the engine goes on with this one`);
    },
  },
  {
    ...shared,
    id: "VOL-14",
    title: "CreatedAt of Get is left out, null or a time as in RFC 3339",
    judge: (trial) => assertField(trial, "CreatedAt"),
  },
  {
    ...shared,
    id: "VOL-15",
    title: "Status of Get is left out, null or an object",
    judge: (trial) => assertField(trial, "Status"),
  },
  {
    ...shared,
    id: "VOL-16",
    title: "Mountpoint of Get is left out, null or a text, mounted or not",
    judge: (trial) => assertField(trial, "Mountpoint"),
  },
  {
    ...shared,
    id: "VOL-18",
    rule: sources.store,
    title: "Get knows a volume whatever is done with it meanwhile",
    judge: async (trial) => {
      const name = await createVolume(trial);
      await knownVolume(trial, name);
      const uses = times(4, async () => {
        const request = { Name: name, ID: trial.id() };
        await trial.send("VolumeDriver.Mount", request);
        await knownVolume(trial, name, "it was mounted");
        await trial.send("VolumeDriver.Unmount", request);
      });
      await Promise.all([...uses, ...times(8, () => knownVolume(trial, name, "it was created, while it was mounted"))]);
      await knownVolume(trial, name, "it was unmounted");
    },
  },
  {
    ...shared,
    id: "VOL-19",
    severity: "SHOULD",
    rule: sources.restore,
    title: "Get is answered within a second",
    judge: async (trial) => {
      const request = { Name: await createVolume(trial, "quick") };
      const durations: number[] = [];
      for (let call = 0; call < 3; call += 1)
        durations.push((await trial.send("VolumeDriver.Get", request)).reply.milliseconds);
      assertQuick(durations, "Get");
    },
  },
  {
    ...shared,
    id: "VOL-20",
    severity: "SHOULD",
    rule: sources.restore,
    title: "a hundred Gets at once, as when an engine starts, are all answered",
    judge: async (trial) => {
      const names = [await createVolume(trial, "boot"), await createVolume(trial, "boot")];
      const when = "it was created, among a hundred Gets at once";
      await Promise.all(times(100, (index) => knownVolume(trial, names[index % names.length] ?? "", when)));
    },
  },
  {
    ...shared,
    id: "VOL-22",
    title: "List answers with a list or null, and each volume in it can be read",
    judge: async (trial) => {
      await createVolume(trial);
      for (const volume of await listVolumes(trial)) {
        const name = fieldOf(volume, "Name");
        const problem =
          typeof name === "string" && name !== ""
            ? Object.keys(fieldProblems)
                .map((field) => problemOf(volume, field))
                .find((one) => one !== undefined)
            : "Name has to be a text, and not empty";
        if (problem === undefined) continue;
        throw new Violation(`List has ${show(volume)}: ${problem}; the engine drops the whole list`);
      }
    },
  },
  {
    ...shared,
    id: "VOL-23",
    severity: "MAY",
    rule: sources.podman,
    title: "List with an empty body is answered",
    judge: async (trial) => void (await trial.ok("VolumeDriver.List", "")),
  },
  {
    ...shared,
    id: "VOL-24",
    severity: "SHOULD",
    rule: sources.store,
    title: "List has every volume that was made, and none that was removed",
    judge: async (trial) => {
      const names = [await createVolume(trial), await createVolume(trial), await createVolume(trial)];
      await assertListed(trial, names);
      const [removed = "", ...kept] = names;
      await remove(trial, removed);
      const listed = await assertListed(trial, kept);
      if (listed.includes(removed)) throw new Violation(`List still has "${removed}", which was removed`);
    },
  },
  {
    ...shared,
    id: "VOL-25",
    severity: "SHOULD",
    rule: sources.store,
    title: "Get knows each volume of List by the same name",
    judge: async (trial) => {
      await createVolume(trial);
      for (const name of (await listNames(trial)).slice(0, 50)) {
        const answered = fieldOf(await findVolume(trial, name), "Name");
        // Somebody else may have removed it between the two calls.
        if (answered === name || !(await listNames(trial)).includes(name)) continue;
        throw new Violation(`List has "${name}", and Get of it got the name ${show(answered)}`);
      }
    },
  },
];

/** The scope in small letters; that of a plugin which refuses to tell is local. */
async function scopeOf(trial: Trial): Promise<string> {
  const answer = await trial.send(capabilities);
  if (answer.failure !== undefined) return "local";
  const scope = fieldOf(answer.fields, "Capabilities", "Scope") ?? "local";
  return typeof scope === "string" ? scope.toLowerCase() : JSON.stringify(scope);
}

/** Within a second at least half of the time: a loaded machine is not the plugin's fault. */
function assertQuick(durations: readonly number[], method: string): void {
  const median = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)] ?? 0;
  if (median > 1000)
    throw new Violation(`${method} took ${Math.round(median)} ms; the engine asks so often that a second is too long`);
}

/** What Go reads a field of a volume as, and how to tell whether it can. */
const fieldProblems: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  CreatedAt: (value) =>
    isTime(value)
      ? undefined
      : "CreatedAt has to be a time as in RFC 3339, such as 2026-01-31T12:00:00Z, or be left out",
  Status: (value) =>
    typeof value === "object" && !Array.isArray(value) ? undefined : "Status has to be an object, or be left out",
  Mountpoint: (value) => (typeof value === "string" ? undefined : "Mountpoint has to be a text, or be left out"),
};

function problemOf(volume: unknown, field: string): string | undefined {
  const value = fieldOf(volume, field);
  return value === undefined ? undefined : fieldProblems[field]?.(value);
}

async function assertField(trial: Trial, field: string): Promise<void> {
  const name = await createVolume(trial);
  const assertReadable = (volume: JsonObject): void => {
    const problem = problemOf(volume, field);
    if (problem !== undefined)
      throw new Violation(`Get got ${show(volume)}: ${problem}; to the engine the volume is missing`);
  };
  assertReadable(await knownVolume(trial, name));
  const request = { Name: name, ID: trial.id() };
  await trial.send("VolumeDriver.Mount", request);
  const mounted = await findVolume(trial, name);
  if (mounted !== undefined) assertReadable(mounted);
}

function isTime(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const form = /^\d{4}-(0[1-9]|1[0-2])-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;
  return form.test(value) && !Number.isNaN(Date.parse(value.replace(",", ".")));
}

async function assertListed(trial: Trial, names: readonly string[]): Promise<readonly string[]> {
  const listed = await listNames(trial);
  const missing = names.find((name) => !listed.includes(name));
  if (missing !== undefined) throw new Violation(`List does not have "${missing}", which was created`);
  return listed;
}
