// VOL-E: the same rules through a real engine, with containers that write to the volumes.
import type { ConformanceCase } from "../case.ts";
import { engineOf, restartEngine } from "../engine-api.ts";
import { fieldOf } from "../json-field.ts";
import { fileInTar, tarOf } from "../tar.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";
import { withVolume } from "./engine-volume-steps.ts";
import { findVolume, show, sources, times } from "./volume-steps.ts";

const shared = { protocol: "VolumeDriver", severity: "MUST", rule: sources.store, needs: ["engine"] } as const;

/** The cases with an engine. */
export const volumeEngineCases: readonly ConformanceCase[] = [
  {
    ...shared,
    id: "VOL-E01",
    title: "a volume made through the engine is shown by it, and made again without harm",
    judge: async (trial) => {
      const volume = await withVolume(trial);
      const { engine, name } = volume;
      await volume.make();
      const { json } = await engine.ok("GET", `/volumes/${name}`);
      if (fieldOf(json, "Name") !== name || fieldOf(json, "Driver") !== engine.driver)
        throw new Violation(`the engine shows ${show(json)} for the volume "${name}" of ${engine.driver}`);
    },
  },
  {
    ...shared,
    id: "VOL-E02",
    severity: "SHOULD",
    rule: sources.adapter,
    title: "the engine shows the CreatedAt and the Status that Get answers with",
    judge: async (trial) => {
      const { engine, name } = await withVolume(trial);
      const known = await findVolume(trial, name);
      const { json } = await engine.ok("GET", `/volumes/${name}`);
      const created = fieldOf(known, "CreatedAt");
      // The engine shows whole seconds, in the zone that the plugin named.
      if (typeof created === "string" && secondsOf(created) !== secondsOf(fieldOf(json, "CreatedAt")))
        throw new Violation(`Get says that "${name}" is of ${created}, and the engine ${show(json)}`);
      const missing = Object.keys(fieldOf(known, "Status") ?? {}).find(
        (key) => fieldOf(json, "Status", key) === undefined && fieldOf(known, "Status", key) !== undefined,
      );
      if (missing !== undefined)
        throw new Violation(`the engine does not show "${missing}" of the Status of "${name}"`);
    },
  },
  {
    ...shared,
    id: "VOL-E03",
    rule: sources.mounts,
    title: "what one container writes to a volume, the next one reads",
    judge: async (trial) => {
      const volume = await withVolume(trial);
      await volume.write("kept");
      await volume.assertReads("kept", "another container wrote it");
    },
  },
  {
    ...shared,
    id: "VOL-E04",
    rule: sources.mounts,
    title: "two containers have a volume at once, and one of them goes",
    judge: async (trial) => {
      const volume = await withVolume(trial);
      const [first, second] = [await volume.startWaiting(), await volume.startWaiting()];
      await volume.engine.removeContainer(first);
      await volume.write("late");
      await volume.assertWaiterReads(second, "late");
    },
  },
  {
    ...shared,
    id: "VOL-E05",
    rule: sources.copy,
    title: "`docker cp` out of a running container and into it leaves the volume mounted",
    judge: async (trial) => {
      const volume = await withVolume(trial);
      const { engine } = volume;
      await volume.write("early");
      const container = await volume.startWaiting();
      const { body } = await engine.ok("GET", `/containers/${container}/archive?path=/data/file`);
      const copied = fileInTar(body)?.toString().trim();
      if (copied !== "early") throw new Violation(`\`docker cp\` got ${show(copied)} out of a volume with "early"`);
      await engine.ok("PUT", `/containers/${container}/archive?path=/data`, tarOf("late", Buffer.from("late\n")));
      const into = await volume.run("cat /data/late");
      if (into.trim() !== "late")
        throw new Violation(`\`docker cp\` put "late" into a volume, which has ${show(into)}`);
      await volume.write("late");
      await volume.assertWaiterReads(container, "late");
    },
  },
  {
    ...shared,
    id: "VOL-E06",
    rule: sources.copy,
    severity: "SHOULD",
    title: "`docker cp` reaches the volume of a container that does not run",
    judge: async (trial) => {
      const volume = await withVolume(trial);
      await volume.write("kept");
      const container = await volume.create("true");
      const { body } = await volume.engine.ok("GET", `/containers/${container}/archive?path=/data/file`);
      const copied = fileInTar(body)?.toString().trim();
      if (copied !== "kept") throw new Violation(`\`docker cp\` got ${show(copied)} out of a volume with "kept"`);
    },
  },
  {
    ...shared,
    id: "VOL-E07",
    title: "a volume that was removed through the engine is gone from engine and plugin, and its name is free",
    judge: async (trial) => {
      const volume = await withVolume(trial);
      const { engine, name } = volume;
      await volume.write("old");
      await engine.ok("DELETE", `/volumes/${name}`);
      if ((await findVolume(trial, name)) !== undefined)
        throw new Violation(`Get still knows "${name}" after its removal`);
      const { status } = await engine.call("GET", `/volumes/${name}`);
      if (status !== 404) throw new Violation(`the engine answered ${status} for "${name}" after its removal`);
      await volume.make();
      await volume.write("new");
      await volume.assertReads("new", "the volume was removed and made again");
    },
  },
  {
    ...shared,
    id: "VOL-E08",
    severity: "SHOULD",
    title: "`docker volume ls` has the volume, and no warning about the plugin",
    judge: async (trial) => {
      const { engine, name } = await withVolume(trial);
      const { json } = await engine.ok("GET", "/volumes");
      const warnings = JSON.stringify(fieldOf(json, "Warnings") ?? []);
      if (warnings.includes(engine.driver)) throw new Violation(`the engine warns of ${engine.driver}: ${warnings}`);
      if (!JSON.stringify(fieldOf(json, "Volumes") ?? []).includes(`"${name}"`))
        throw new Violation(`"${name}" is not among the engine's volumes`);
    },
  },
  {
    ...shared,
    id: "VOL-E09",
    severity: "SHOULD",
    title: "an anonymous volume goes with its container",
    judge: async (trial) => {
      const engine = engineOf(trial);
      const container = await engine.createContainer({
        script: "echo kept >/data/file && cat /data/file",
        host: { VolumeDriver: engine.driver },
        rest: { Volumes: { "/data": {} } },
      });
      await engine.start(container);
      if ((await engine.wait(container)) !== 0)
        throw new Violation(`a container could not use its anonymous volume: ${await engine.logs(container)}`);
      const { json } = await engine.ok("GET", `/containers/${container}/json`);
      const mounts = fieldOf(json, "Mounts");
      const name = fieldOf(Array.isArray(mounts) ? mounts[0] : undefined, "Name");
      await engine.removeContainer(container);
      if (typeof name !== "string" || (await findVolume(trial, name)) !== undefined)
        throw new Violation(`the anonymous volume ${show(name)} is still there after its container`);
    },
  },
  {
    ...shared,
    id: "VOL-E10",
    severity: "SHOULD",
    rule: sources.mounts,
    title: "containers that come and go at once on one volume all write to it",
    judge: async (trial) => {
      const volume = await withVolume(trial);
      const numbers = times(4, (index) => `${index}`);
      await Promise.all(numbers.map((number) => volume.run(`echo ${number} >/data/${number}`)));
      const all = (await volume.run("cat /data/[0-9]")).split("\n").filter((line) => line !== "");
      if (all.join() !== numbers.join())
        throw new Violation(`four containers wrote 0 to 3, and ${all.join(", ")} is there`);
      await volume.engine.ok("DELETE", `/volumes/${volume.name}`);
    },
  },
  {
    ...shared,
    id: "VOL-E11",
    rule: sources.restore,
    needs: ["engine", "restart"],
    title: "a container keeps its volume while the plugin is stopped and started",
    judge: async (trial) => {
      const volume = await withVolume(trial);
      const container = await volume.startWaiting();
      await trial.restart("SIGTERM");
      await volume.write("late");
      await volume.assertWaiterReads(container, "late");
      await volume.engine.removeContainer(container);
      await volume.engine.ok("DELETE", `/volumes/${volume.name}`);
    },
  },
  {
    ...shared,
    id: "VOL-E12",
    rule: sources.restore,
    title: "the engine is stopped and started, and its containers and volumes go on",
    judge: (trial) => survivesEngine(trial, "SIGTERM"),
  },
  {
    ...shared,
    id: "VOL-E13",
    rule: sources.restore,
    needs: ["engine", "chaos"],
    title: "the engine is killed and started, and its containers and volumes go on",
    judge: (trial) => survivesEngine(trial, "SIGKILL"),
  },
];

async function survivesEngine(trial: Trial, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const volume = await withVolume(trial);
  const { engine, name } = volume;
  await volume.write("early");
  const container = await volume.startWaiting();
  await restartEngine(trial, signal);
  await engine.ok("GET", `/volumes/${name}`);
  await volume.assertReads("early", `the engine was ended by ${signal} and started`);
  // With live-restore it still runs, and starting it again is answered with 304.
  await engine.start(container);
  await volume.write("late");
  await volume.assertWaiterReads(container, "late");
  await engine.removeContainer(container);
  await engine.ok("DELETE", `/volumes/${name}`);
  if ((await findVolume(trial, name)) !== undefined) throw new Violation(`Get still knows "${name}" after its removal`);
}

function secondsOf(time: unknown): number {
  return typeof time === "string" ? Math.floor(Date.parse(time) / 1000) : Number.NaN;
}
