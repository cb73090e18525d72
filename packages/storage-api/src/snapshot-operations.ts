import { operation, part, type Operation } from "./operation.ts";

/** Snapshots of volumes. */
export const snapshotOperations: readonly Operation[] = [
  operation({
    id: "listSnapshots",
    method: "GET",
    path: "/v1/volumes/{volume}/snapshots",
    doc: "The snapshots of a volume, oldest first.",
    role: "viewer",
    reply: "SnapshotList",
    run: ({ verbs }, call) => ({ json: verbs.snapshots(part(call, "volume")) }),
  }),
  operation({
    id: "createSnapshot",
    method: "POST",
    path: "/v1/volumes/{volume}/snapshots",
    doc: "Keeps the data as it is now, also while the volume is in use.",
    role: "operator",
    body: { name: { type: "string", doc: "Its name; made of the time where left out." } },
    reply: "Snapshot",
    run: async ({ verbs }, call) => ({ json: await verbs.snapshot(part(call, "volume"), call.body.name), status: 201 }),
  }),
  operation({
    id: "removeSnapshot",
    method: "DELETE",
    path: "/v1/volumes/{volume}/snapshots/{snapshot}",
    doc: "Deletes a snapshot.",
    role: "admin",
    reply: "None",
    run: async ({ verbs }, call) => {
      await verbs.removeSnapshot(part(call, "volume"), part(call, "snapshot"));
      return { json: undefined, status: 204 };
    },
  }),
  operation({
    id: "restoreSnapshot",
    method: "POST",
    path: "/v1/volumes/{volume}/snapshots/{snapshot}/restore",
    doc: "Brings a volume that is not in use back to a snapshot; what it held before is gone.",
    role: "admin",
    unused: true,
    reply: "Operation",
    run: ({ verbs, jobs }, call) => {
      const [volume, snapshot] = [part(call, "volume"), part(call, "snapshot")];
      verbs.inspect(volume);
      return { job: jobs.start({ kind: "restore", volume, run: () => verbs.restore(volume, snapshot) }) };
    },
  }),
  operation({
    id: "sendSnapshot",
    method: "POST",
    path: "/v1/volumes/{volume}/snapshots/{snapshot}/send",
    doc: "Writes a snapshot to a new file on this host, as the difference from an earlier one where `since` is given.",
    role: "admin",
    body: {
      file: { type: "path", required: true, doc: "Where to write it; nothing must be there yet." },
      since: { type: "string", doc: "An earlier snapshot that the receiver has." },
    },
    reply: "Operation",
    run: ({ verbs, jobs }, call) => {
      const [volume, snapshot, { file, since }] = [part(call, "volume"), part(call, "snapshot"), call.body];
      verbs.inspect(volume);
      const run = (): Promise<void> => verbs.send(volume, { snapshot, since, file });
      return { job: jobs.start({ kind: "send", volume, run }) };
    },
  }),
  operation({
    id: "receiveSnapshot",
    method: "POST",
    path: "/v1/volumes/{volume}/receive",
    doc: "Makes a snapshot of a volume from a file that was sent.",
    role: "admin",
    body: {
      file: { type: "path", required: true, doc: "The file." },
      snapshot: { type: "string", required: true, doc: "The name that the snapshot gets." },
    },
    reply: "Operation",
    run: ({ verbs, jobs }, call) => {
      const [volume, { file, snapshot }] = [part(call, "volume"), call.body];
      verbs.inspect(volume);
      return { job: jobs.start({ kind: "receive", volume, run: () => verbs.receive(volume, { snapshot, file }) }) };
    },
  }),
];
