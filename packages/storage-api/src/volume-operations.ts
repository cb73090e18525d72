import { operation, part, type Operation } from "./operation.ts";

const removal = {
  policy: {
    type: "choice",
    of: ["delete", "trash", "keep"],
    doc: "What becomes of the data; the volume's own on-remove where left out.",
  },
} as const;

/** Volumes themselves. */
export const volumeOperations: readonly Operation[] = [
  operation({
    id: "listVolumes",
    method: "GET",
    path: "/v1/volumes",
    doc: "All volumes by name, from memory.",
    role: "viewer",
    query: { label: { type: "string", doc: "Only those with this label: key, or key=value." } },
    reply: "VolumeList",
    run: ({ verbs }, { query: { label } }) => {
      const [key, value] = splitLabel(label);
      const wanted = verbs.list().filter(({ labels }) => label === undefined || hasLabel(labels, key, value));
      return { json: wanted };
    },
  }),
  operation({
    id: "inspectVolume",
    method: "GET",
    path: "/v1/volumes/{volume}",
    doc: "One volume: state, holders, snapshots, options, the usage measured last.",
    role: "viewer",
    reply: "Volume",
    run: ({ verbs }, call) => ({ json: verbs.inspect(part(call, "volume")) }),
  }),
  operation({
    id: "createVolume",
    method: "POST",
    path: "/v1/volumes",
    doc: "Makes a volume, as `docker volume create` does; succeeds where it is there with these options.",
    role: "operator",
    body: { name: { type: "string", required: true, doc: "Its name." } },
    options: true,
    reply: "Volume",
    run: async ({ verbs }, { body, options }) => ({ json: await verbs.create(body.name, options), status: 201 }),
  }),
  operation({
    id: "removeVolume",
    method: "DELETE",
    path: "/v1/volumes/{volume}",
    doc: "Removes a volume that is not in use, as `docker volume rm` does.",
    role: "admin",
    query: removal,
    unused: true,
    reply: "None",
    run: async ({ verbs }, call) => {
      await verbs.remove(part(call, "volume"), { policy: call.query.policy });
      return { json: undefined, status: 204 };
    },
  }),
  operation({
    id: "listHolders",
    method: "GET",
    path: "/v1/volumes/{volume}/holders",
    doc: "Who has it mounted.",
    role: "viewer",
    reply: "HolderList",
    run: ({ verbs }, call) => ({ json: verbs.inspect(part(call, "volume")).holders }),
  }),
  operation({
    id: "releaseHolder",
    method: "DELETE",
    path: "/v1/volumes/{volume}/holders/{holder}",
    doc: "Takes back all mounts of a holder, by its id or the beginning of it, for whom no Unmount will come; refused while the kernel shows it mounted.",
    role: "admin",
    reply: "None",
    run: async ({ verbs }, call) => {
      await verbs.release(part(call, "volume"), part(call, "holder"));
      return { json: undefined, status: 204 };
    },
  }),
  operation({
    id: "resizeVolume",
    method: "POST",
    path: "/v1/volumes/{volume}/resize",
    doc: "Changes the size.",
    role: "operator",
    body: { size: { type: "size", required: true, doc: "The new size: bytes, or with a unit such as 20GiB." } },
    reply: "Volume",
    run: async ({ verbs }, call) => ({ json: await verbs.resize(part(call, "volume"), call.body.size) }),
  }),
  operation({
    id: "measureVolume",
    method: "POST",
    path: "/v1/volumes/{volume}/stats",
    doc: "Measures how full the volume is.",
    role: "viewer",
    reply: "Usage",
    run: async ({ verbs }, call) => ({ json: await verbs.stats(part(call, "volume")) }),
  }),
  operation({
    id: "cloneVolume",
    method: "POST",
    path: "/v1/volumes/{volume}/clone",
    doc: "Makes a new volume with this one's data, as it is now or as in a snapshot.",
    role: "operator",
    body: {
      name: { type: "string", required: true, doc: "The new volume's name." },
      snapshot: { type: "string", doc: "The snapshot to take the data from." },
    },
    options: true,
    reply: "Operation",
    run: ({ verbs, jobs }, call) => {
      const [volume, { name, snapshot }, { options }] = [part(call, "volume"), call.body, call];
      verbs.inspect(volume);
      return {
        job: jobs.start({ kind: "clone", volume, run: () => verbs.clone({ volume, snapshot, options }, name) }),
      };
    },
  }),
];

/** Whether a volume has a label, with that value where one is given. */
function hasLabel(labels: Readonly<Record<string, string>>, key: string, value: string | undefined): boolean {
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
}

function splitLabel(label = ""): [string, string?] {
  const at = label.indexOf("=");
  return at < 0 ? [label] : [label.slice(0, at), label.slice(at + 1)];
}
