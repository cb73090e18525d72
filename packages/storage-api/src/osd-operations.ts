// The part of OpenStorage's REST interface that has a meaning here: libopenstorage/openstorage api/server/volume.go.
import type { VolumeInfo, VolumeVerbs } from "@outrigger/volume-core";
import { operation, part, type Operation, type Reply } from "./operation.ts";
import { optionsFromSpec, readSet, readSnapshot, readVolume } from "./osd-requests.ts";
import { labelsFit, osdSnapshot, osdVolume, readLabels } from "./osd-volume.ts";
import { problemOf } from "./problem.ts";

const filters = {
  Name: { type: "string", doc: "Only the volume with this name." },
  VolumeID: { type: "string", doc: "Only these volumes." },
  Label: { type: "string", doc: 'Only those with these labels, as JSON: {"team":"web"}.' },
  ConfigLabel: { type: "string", doc: "As Label." },
} as const;

/** Operations at the paths, and in the shapes, that OpenStorage's clients know; ids are names, or name@snapshot. */
export const osdOperations: readonly Operation[] = [
  operation({
    id: "osdVersions",
    method: "GET",
    path: "/osd-volumes/versions",
    doc: "The versions of the interface.",
    role: "viewer",
    reply: "Osd",
    run: () => ({ json: ["v1"] }),
  }),
  operation({
    id: "osdCreate",
    method: "POST",
    path: "/v1/osd-volumes",
    doc: "Makes a volume; what its spec asks for that has no meaning on one host is refused, with the reason.",
    role: "operator",
    body: "json",
    reply: "Osd",
    run: async ({ verbs }, { json }) => {
      const { name, labels, spec, parent } = readVolume(json);
      return await tell("volume_response", async () => {
        const options = optionsFromSpec(spec, labels);
        await verbs.create(name, parent === undefined ? options : { ...options, from: parent });
        return { id: name };
      });
    },
  }),
  operation({
    id: "osdEnumerate",
    method: "GET",
    path: "/v1/osd-volumes",
    doc: "All volumes, or those that fit.",
    role: "viewer",
    query: filters,
    repeats: ["VolumeID"],
    reply: "Osd",
    run: ({ verbs }, { query: { Name, VolumeID, Label, ConfigLabel } }) => {
      const labels = { ...readLabels(Label), ...readLabels(ConfigLabel) };
      const ids = VolumeID?.split(",");
      const fits = ({ name, labels: own }: VolumeInfo): boolean =>
        (Name === undefined || Name === name) && (ids === undefined || ids.includes(name)) && labelsFit(own, labels);
      return { json: verbs.list().filter(fits).map(osdVolume) };
    },
  }),
  operation({
    id: "osdInspect",
    method: "GET",
    path: "/v1/osd-volumes/{volume}",
    doc: "A list with the volume, or an empty one.",
    role: "viewer",
    reply: "Osd",
    run: ({ verbs }, call) => ({ json: found(verbs, part(call, "volume")).map(osdVolume) }),
  }),
  operation({
    id: "osdSet",
    method: "PUT",
    path: "/v1/osd-volumes/{volume}",
    doc: "Changes the size; attach and mount are refused, for mounting is the engine's.",
    role: "operator",
    body: "json",
    reply: "Osd",
    run: async ({ verbs }, call) => {
      const volume = part(call, "volume");
      const change = readSet(call.json);
      return await tell("volume_response", async () => {
        const size = change();
        if (size !== undefined) await verbs.resize(volume, size);
        return { volume: osdVolume(verbs.inspect(volume)) };
      });
    },
  }),
  operation({
    id: "osdDelete",
    method: "DELETE",
    path: "/v1/osd-volumes/{volume}",
    doc: "Removes a volume, or a snapshot by name@snapshot.",
    role: "admin",
    reply: "Osd",
    run: async ({ verbs }, call) => {
      const [volume = "", snapshot] = part(call, "volume").split("@");
      return await tellFlat(() =>
        snapshot === undefined ? verbs.remove(volume) : verbs.removeSnapshot(volume, snapshot),
      );
    },
  }),
  operation({
    id: "osdStats",
    method: "GET",
    path: "/v1/osd-volumes/stats/{volume}",
    doc: "How full it is; bytes_used alone, for reads and writes are not counted here.",
    role: "viewer",
    reply: "Osd",
    run: async ({ verbs }, call) => ({ json: { bytes_used: (await verbs.stats(part(call, "volume"))).usedBytes } }),
  }),
  operation({
    id: "osdUsedSize",
    method: "GET",
    path: "/v1/osd-volumes/usedsize/{volume}",
    doc: "How many bytes its files take.",
    role: "viewer",
    reply: "Osd",
    run: async ({ verbs }, call) => ({ json: (await verbs.stats(part(call, "volume"))).usedBytes }),
  }),
  operation({
    id: "osdSnapshot",
    method: "POST",
    path: "/v1/osd-snapshot",
    doc: "Makes a snapshot where it is to be read-only, and a clone where not.",
    role: "operator",
    body: "json",
    reply: "Osd",
    run: async ({ verbs }, { json }) => {
      const { id: volume, name, readonly } = readSnapshot(json);
      const made = await tell("volume_response", async () => {
        if (readonly) return { id: `${volume}@${(await verbs.snapshot(volume, name)).name}` };
        return { id: (await verbs.clone({ volume }, name ?? "")).name };
      });
      return { json: { volume_create_response: "json" in made ? made.json : undefined } };
    },
  }),
  operation({
    id: "osdSnapshots",
    method: "GET",
    path: "/v1/osd-snapshot",
    doc: "The snapshots of a volume, or all.",
    role: "viewer",
    query: { VolumeID: filters.VolumeID, Name: filters.Name, Label: filters.Label },
    reply: "Osd",
    run: ({ verbs }, { query: { VolumeID, Name, Label } }) => {
      const wanted = VolumeID ?? Name;
      const labels = readLabels(Label);
      const volumes = verbs
        .list()
        .filter(({ name, labels: own }) => (wanted === undefined || wanted === name) && labelsFit(own, labels));
      return { json: volumes.flatMap((volume) => volume.snapshots.map((one) => osdSnapshot(volume, one))) };
    },
  }),
  operation({
    id: "osdRestore",
    method: "POST",
    path: "/v1/osd-snapshot/restore/{volume}",
    doc: "Brings a volume that is not in use back to a snapshot.",
    role: "admin",
    query: { SnapID: { type: "string", required: true, doc: "The snapshot, as volume@snapshot." } },
    reply: "Osd",
    run: async ({ verbs }, call) => {
      const volume = part(call, "volume");
      const snapshot = call.query.SnapID.startsWith(`${volume}@`)
        ? call.query.SnapID.slice(volume.length + 1)
        : call.query.SnapID;
      return await tellFlat(() => verbs.restore(volume, snapshot));
    },
  }),
];

function found(verbs: VolumeVerbs, volume: string): VolumeInfo[] {
  const found = verbs.find(volume);
  return found === undefined ? [] : [found];
}

/** OpenStorage tells a failure in the body of a 200, and its clients look for it there. */
async function tell(key: string, work: () => Promise<object>): Promise<Reply> {
  try {
    return { json: await work() };
  } catch (error) {
    return { json: { [key]: { error: problemOf(error).detail } } };
  }
}

async function tellFlat(work: () => Promise<void>): Promise<Reply> {
  try {
    await work();
    return { json: {} };
  } catch (error) {
    return { json: { error: problemOf(error).detail } };
  }
}
