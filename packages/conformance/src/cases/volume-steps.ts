// What the cases of volumes do over and over: the calls, and what they count on in their answers.
import { isAbsolute } from "node:path";
import { fieldOf, isObject, type JsonObject } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";

/** Where the rules of volumes come from. */
export const sources = {
  proxy: "moby/moby daemon/volume/drivers/proxy.go",
  adapter: "moby/moby daemon/volume/drivers/adapter.go",
  extpoint: "moby/moby daemon/volume/drivers/extpoint.go",
  store: "moby/moby daemon/volume/service/store.go",
  restore: "moby/moby daemon/volume/service/restore.go",
  mounts: "moby/moby daemon/volume/mounts/mounts.go",
  copy: "moby/moby daemon/containerfs_linux.go",
  names: "moby/moby daemon/volume/mounts/linux_parser.go",
  plugins: "moby/moby pkg/plugins/client.go",
  podman: "containers/podman libpod/plugin/volume_api.go",
  podmanMount: "containers/podman libpod/volume_internal_linux.go",
} as const;

/** The options that make a volume here. */
export function optionsOf(trial: Trial): Readonly<Record<string, string>> {
  return trial.setting.options ?? {};
}

/** Makes a volume under a new name, and returns the name. */
export async function createVolume(trial: Trial, hint?: string): Promise<string> {
  const name = trial.name(hint);
  await create(trial, name);
  return name;
}

/** Makes a volume with the options of the setting. */
export async function create(trial: Trial, name: string): Promise<void> {
  await trial.ok("VolumeDriver.Create", { Name: name, Opts: optionsOf(trial) });
}

/** What Get knows of a volume; undefined where it says that there is none. */
export async function findVolume(trial: Trial, name: string): Promise<JsonObject | undefined> {
  const answer = await trial.send("VolumeDriver.Get", { Name: name });
  if (answer.failure !== undefined) return undefined;
  const volume = fieldOf(answer.fields, "Volume");
  if (volume === undefined || isObject(volume)) return volume;
  throw new Violation(`Get {"Name":"${name}"} got Volume ${show(volume)}; it has to be an object, or null`);
}

/** What Get knows of a volume that has to be there; `when` says after what. */
export async function knownVolume(trial: Trial, name: string, when = "it was created"): Promise<JsonObject> {
  const volume = await findVolume(trial, name);
  if (volume !== undefined) return volume;
  throw new Violation(`Get {"Name":"${name}"} says that there is no such volume, after ${when}; the engine forgets it`);
}

/** Fails where Get still knows a volume; `when` says after what. */
export async function assertGone(trial: Trial, name: string, when: string): Promise<void> {
  const volume = await findVolume(trial, name);
  if (volume === undefined) return;
  throw new Violation(`Get {"Name":"${name}"} got ${show(volume)} after ${when}; it has to say that there is none`);
}

/** The entries of List. */
export async function listVolumes(trial: Trial): Promise<readonly unknown[]> {
  const volumes = fieldOf(await trial.ok("VolumeDriver.List"), "Volumes") ?? [];
  if (Array.isArray(volumes)) return volumes;
  throw new Violation(`List got Volumes ${show(volumes)}; it has to be a list, or null`);
}

/** The names in List. */
export async function listNames(trial: Trial): Promise<readonly string[]> {
  const names = (await listVolumes(trial)).map((volume) => fieldOf(volume, "Name"));
  return names.filter((name) => typeof name === "string");
}

/** Mounts a volume, and returns its `Mountpoint`, which is an absolute path. */
export async function mount(trial: Trial, name: string, id: string): Promise<string> {
  const fields = await trial.ok("VolumeDriver.Mount", { Name: name, ID: id });
  const mountpoint = fieldOf(fields, "Mountpoint");
  if (typeof mountpoint === "string" && isAbsolute(mountpoint)) return mountpoint;
  throw new Violation(
    `Mount {"Name":"${name}",…} got Mountpoint ${show(mountpoint)}; it has to be an absolute path, or the container gets a folder of the engine`,
  );
}

/** Takes one mount back, which has to succeed. */
export async function unmount(trial: Trial, name: string, id: string): Promise<void> {
  await trial.ok("VolumeDriver.Unmount", { Name: name, ID: id });
}

/** Mounts a volume, does something with it, and unmounts it. */
export async function visit<T>(trial: Trial, name: string, use: (mountpoint: string) => Promise<T>): Promise<T> {
  const id = trial.id();
  const result = await use(await mount(trial, name, id));
  await unmount(trial, name, id);
  return result;
}

/** Removes a volume, which has to succeed. */
export async function remove(trial: Trial, name: string): Promise<void> {
  await trial.ok("VolumeDriver.Remove", { Name: name });
}

/** Fails where the plugin does not answer any more. */
export async function assertServes(trial: Trial): Promise<void> {
  await trial.ok("Plugin.Activate");
}

/** A value of the plugin's in a message, cut to what a person reads. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** So many things, by their numbers. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
