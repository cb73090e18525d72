import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRegistry, createVolumeService, type VolumeService } from "@outrigger/engine";
import { plainEnvironment, startChild } from "@outrigger/linux";
import { announce, plainFolders, show, showPluginLines, untilServing, type Stage } from "./stage.ts";

const outrigger = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));

/** No Docker at all: packages/engine makes the calls that Docker Engine would make, on any machine that runs Node. */
export async function playedStage(reason: string): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "outrigger-tour-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const sockets = join(folder, "plugins");
  const serve = ["serve", "volume-local", "--root", join(folder, "volumes"), "--plugins-dir", sockets, "--trace"];
  const plugin = opening.use(
    await startChild([process.execPath, outrigger, ...serve], {
      env: { ...plainEnvironment, PATH: process.env.PATH ?? "" },
      onOutput: showPluginLines(),
    }),
  );
  await untilServing(plugin);
  const registry = opening.use(createRegistry({ folders: { sockets, specs: [] }, retry: "none" }));
  const volumes = createVolumeService(registry);
  const opened = opening.move();
  const command = `node_modules/.bin/outrigger call unix://${sockets}/volume-local.sock`;
  return {
    title: `No Docker Engine (${reason}).\nThe same tour, with packages/engine making the engine's calls`,
    commands: [
      `${command} VolumeDriver.Create '{"Name":"mine"}'`,
      `${command} VolumeDriver.Get '{"Name":"mine"}'`,
      `${command} VolumeDriver.List`,
    ],
    play: () => tour(volumes),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/** The steps of the tour with Docker; what a container would do, this process does in the mounted folder. */
async function tour(volumes: VolumeService): Promise<void> {
  announce("docker volume create -d volume-local data");
  show((await volumes.create("volume-local", "data")).Name);

  announce("docker run -v data:/data ... sh -c 'echo written by the first container >/data/note'");
  await useVolume(volumes, (note) => writeFile(note, "written by the first container\n"));

  announce("docker run -v data:/data ... cat /data/note");
  await useVolume(volumes, async (note) => show((await readFile(note, "utf8")).trimEnd()));

  show(`\nno snapshots and clones: ${plainFolders}`);

  announce("docker volume ls");
  for (const { Driver, Name } of (await volumes.list()).volumes) show(`${Driver}  ${Name}`);

  announce("docker volume inspect data");
  show(JSON.stringify(await volumes.inspect("data"), undefined, 2));

  announce("docker volume rm data");
  await volumes.remove("data");
  show("data");
}

async function useVolume(volumes: VolumeService, use: (note: string) => Promise<void>): Promise<void> {
  await using mounted = await volumes.run("volume-local", "data");
  await use(join(mounted.mountpoint, "note"));
}
