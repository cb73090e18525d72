// VOL: mounting, and the counting of it: the engine mounts a volume once for each of its users.
import { constants } from "node:fs";
import { open, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { ConformanceCase } from "../case.ts";
import { openLink, requestBytes } from "../connection.ts";
import { fieldOf } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { assertMark, assertReleased, assertUsable, watchMounts, within, writeMark } from "../volume-data.ts";
import { assertServes, create, createVolume, mount, remove, show, sources, unmount, visit } from "./volume-steps.ts";

const mountMethod = "VolumeDriver.Mount";
const unmountMethod = "VolumeDriver.Unmount";
const pathMethod = "VolumeDriver.Path";
const shared = { protocol: "VolumeDriver", rule: sources.mounts } as const;
const must = { ...shared, severity: "MUST" } as const;
const should = { ...shared, severity: "SHOULD" } as const;
const onDisk = { needs: ["mountpoints"] } as const;

/** The cases of Mount, Unmount and Path. */
export const volumeMountCases: readonly ConformanceCase[] = [
  {
    ...must,
    id: "VOL-27",
    title: "Mount answers with an absolute path",
    judge: async (trial) => void (await mount(trial, await createVolume(trial, "path"), trial.id())),
  },
  {
    ...must,
    ...onDisk,
    id: "VOL-28",
    title: "the path of Mount is a folder that can be written to",
    judge: async (trial) => {
      const mountpoint = await mount(trial, await createVolume(trial, "folder"), trial.id());
      const found = await within(trial, `looking at the Mountpoint ${mountpoint}`, () => stat(trial.path(mountpoint)));
      if (!found.isDirectory()) throw new Violation(`the Mountpoint ${mountpoint} is no folder`);
      await assertMark(trial, mountpoint, { mark: await writeMark(trial, mountpoint), when: "it was written" });
    },
  },
  {
    ...should,
    id: "VOL-29",
    title: "a second Mount with another ID answers with the same path",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const first = await mount(trial, name, trial.id());
      const second = await mount(trial, name, trial.id());
      if (second !== first) throw new Violation(`two Mounts of one volume got ${first} and ${second}`);
    },
  },
  {
    ...should,
    id: "VOL-30",
    rule: sources.adapter,
    title: "Mount of a volume that was never made fails",
    judge: async (trial) => void (await trial.fails(mountMethod, { Name: trial.name(), ID: trial.id() })),
  },
  {
    ...must,
    ...onDisk,
    id: "VOL-31",
    title: "of two users of a volume, one leaves and the other still has it",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const [first, second] = [trial.id(), trial.id()];
      await mount(trial, name, first);
      const mountpoint = await mount(trial, name, second);
      const mark = await writeMark(trial, mountpoint);
      await unmount(trial, name, first);
      await assertUsable(trial, mountpoint, { mark, when: "the Unmount of another ID" });
    },
  },
  {
    ...must,
    ...onDisk,
    id: "VOL-32",
    rule: sources.copy,
    title: "a volume mounted twice with one ID, as `docker cp` does it, is still mounted after one Unmount",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const id = trial.id();
      const mark = await writeMark(trial, await mount(trial, name, id));
      const mountpoint = await mount(trial, name, id);
      await unmount(trial, name, id);
      await assertUsable(trial, mountpoint, { mark, when: "two Mounts and one Unmount with one ID" });
    },
  },
  {
    ...should,
    ...onDisk,
    id: "VOL-33",
    title: "after as many Unmounts as Mounts a volume is released, and can be removed",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const id = trial.id();
      const spot = await watchMounts(trial, await mount(trial, name, id));
      await mount(trial, name, id);
      await unmount(trial, name, id);
      await unmount(trial, name, id);
      await assertReleased(trial, spot, "two Mounts and two Unmounts with one ID");
      await remove(trial, name);
    },
  },
  {
    ...should,
    ...onDisk,
    id: "VOL-34",
    title: "Unmount with an ID that mounted nothing succeeds and unmounts nothing",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const mountpoint = await mount(trial, name, trial.id());
      const mark = await writeMark(trial, mountpoint);
      await unmount(trial, name, trial.id());
      await assertUsable(trial, mountpoint, { mark, when: "an Unmount with an ID that mounted nothing" });
    },
  },
  {
    ...should,
    id: "VOL-35",
    title: "Unmount of a volume that was never made is answered, and the plugin goes on",
    judge: async (trial) => {
      await trial.send(unmountMethod, { Name: trial.name(), ID: trial.id() });
      await assertServes(trial);
    },
  },
  {
    ...should,
    ...onDisk,
    id: "VOL-36",
    title: "Unmount while a file is open fails and can be tried again, or leaves the open file usable",
    judge: unmountWhileBusy,
  },
  {
    ...should,
    ...onDisk,
    id: "VOL-37",
    title: "a Mount that failed is not counted, and the next one works",
    judge: async (trial) => {
      const name = trial.name();
      const failed = await trial.send(mountMethod, { Name: name, ID: trial.id() });
      if (failed.failure === undefined) trial.skip("no Mount could be made to fail: VOL-30 says more");
      await create(trial, name);
      const id = trial.id();
      const mountpoint = await mount(trial, name, id);
      const spot = await watchMounts(trial, mountpoint);
      await writeMark(trial, mountpoint);
      await unmount(trial, name, id);
      await assertReleased(trial, spot, "a failed Mount, and one that was taken back");
      await remove(trial, name);
    },
  },
  {
    ...should,
    ...onDisk,
    id: "VOL-38",
    title: "a Mount whose caller hangs up does not stand in the way of the next one",
    judge: async (trial) => {
      const name = await createVolume(trial, "left");
      const [left, next] = [trial.id(), trial.id()];
      // The ledger does not know of a Mount that was sent by hand.
      trial.defer(() => trial.send(unmountMethod, { Name: name, ID: left }).catch(() => {}));
      await hangUp(trial, { Name: name, ID: left });
      const mark = await writeMark(trial, await mount(trial, name, next));
      await unmount(trial, name, next);
      await visit(trial, name, (at) => assertMark(trial, at, { mark, when: "a Mount whose caller hung up" }));
      // Whether that Mount was counted cannot be told from here: it may have been done before its caller had gone.
      await trial.send(unmountMethod, { Name: name, ID: left });
      await remove(trial, name);
    },
  },
  {
    ...must,
    ...onDisk,
    id: "VOL-43",
    title: "what was written to a volume is there when it is mounted again",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const mark = await visit(trial, name, (mountpoint) => writeMark(trial, mountpoint));
      await visit(trial, name, (again) => assertMark(trial, again, { mark, when: "an Unmount and a Mount" }));
    },
  },
  {
    ...shared,
    id: "VOL-44",
    severity: "MAY",
    rule: sources.podman,
    title: "Path of a mounted volume answers what Mount answered",
    judge: async (trial) => {
      const name = await createVolume(trial);
      const mountpoint = await mount(trial, name, trial.id());
      const path = fieldOf(await trial.ok(pathMethod, { Name: name }), "Mountpoint");
      if (path !== mountpoint)
        throw new Violation(`Path got ${show(path)} for a volume that is mounted on ${mountpoint}`);
    },
  },
  {
    ...shared,
    id: "VOL-45",
    severity: "MAY",
    rule: sources.podman,
    title: "Path of a volume that is not mounted answers with a path, or with none",
    judge: async (trial) => {
      const path = fieldOf(await trial.ok(pathMethod, { Name: await createVolume(trial) }), "Mountpoint");
      if (path !== undefined && typeof path !== "string")
        throw new Violation(`Path got the Mountpoint ${show(path)}; it has to be a text, or be left out`);
    },
  },
];

async function unmountWhileBusy(trial: Trial): Promise<void> {
  const name = await createVolume(trial);
  const id = trial.id();
  const mountpoint = await mount(trial, name, id);
  const spot = await watchMounts(trial, mountpoint);
  const mark = await writeMark(trial, mountpoint);
  const path = join(trial.path(mountpoint), trial.name("open"));
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = await within(trial, `opening a file in ${mountpoint}`, () =>
    open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600),
  );
  trial.defer(() => unlink(path).catch(() => {}));
  let refused: string | undefined;
  try {
    refused = (await trial.send(unmountMethod, { Name: name, ID: id })).failure;
    await within(trial, "writing to a file that was open at the Unmount", () => file.writeFile("kept"));
  } finally {
    await file.close().catch(() => {});
  }
  if (refused !== undefined) await unmount(trial, name, id);
  const how = refused === undefined ? "an Unmount while a file was open" : "an Unmount that failed, and another";
  await assertReleased(trial, spot, how);
  await visit(trial, name, (again) => assertMark(trial, again, { mark, when: how }));
  await remove(trial, name);
}

/** Sends a Mount and closes the connection without waiting for the answer, as an engine does after its two minutes. */
async function hangUp(trial: Trial, request: object): Promise<void> {
  await using link = await openLink(trial.wire, { signal: trial.signal, log: () => {} });
  const { promise, resolve } = Promise.withResolvers<void>();
  link.socket.write(requestBytes(trial.wire.request(mountMethod, request)), () => resolve());
  await promise;
}
