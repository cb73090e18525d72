// What replies look like, as JSON Schema.
import type { ReplyShape } from "./operation.ts";

const text = { type: "string" };
const time = { type: "string", format: "date-time" };
const bytes = { type: "integer", minimum: 0 };
const texts = { type: "object", additionalProperties: text };

/** The shapes by name. */
export const schemas = {
  Problem: object({ type: text, title: text, status: { type: "integer" }, detail: text }),
  Volume: object(
    {
      name: text,
      state: {
        enum: ["creating", "ready", "mounting", "mounted", "unmounting", "restoring", "removing", "degraded", "lost"],
      },
      backend: text,
      createdAt: time,
      mountpoint: text,
      options: texts,
      labels: texts,
      holders: listOf("Holder"),
      snapshots: listOf("Snapshot"),
    },
    { reason: text, since: time, sizeBytes: bytes, usage: ref("Usage"), from: text },
  ),
  Holder: object({ ID: text, mounts: bytes }, { carried: bytes }),
  Snapshot: object({ name: text, createdAt: time, scheduled: { type: "boolean" } }),
  Usage: object(
    { usedBytes: bytes, measuredAt: time },
    { limitBytes: bytes, exclusiveBytes: bytes, usedInodes: bytes },
  ),
  Removed: object({ id: text, name: text, backend: text, createdAt: time, removedAt: time }, { until: time }),
  Finding: object({ kind: text, text, remedy: text, done: { type: "boolean" } }, { volume: text }),
  Operation: object(
    {
      id: text,
      kind: text,
      state: { enum: ["running", "done", "failed"] },
      progress: { oneOf: [{ const: "unknown" }, object({}, { doneBytes: bytes, totalBytes: bytes })] },
      startedAt: time,
    },
    { volume: text, result: {}, error: text, endedAt: time },
  ),
  Backup: object({ id: text, volume: text, createdAt: time }),
};

/** The good answers of each shape, by status. */
export const replySchemas: Readonly<Record<ReplyShape, object>> = {
  Volume: { "2XX": json("The volume.", ref("Volume")) },
  VolumeList: { "200": json("The volumes.", listOf("Volume")) },
  Snapshot: { "201": json("The snapshot.", ref("Snapshot")) },
  SnapshotList: { "200": json("The snapshots.", listOf("Snapshot")) },
  HolderList: { "200": json("The holders.", listOf("Holder")) },
  Usage: { "200": json("The usage.", ref("Usage")) },
  RemovedList: { "200": json("The removed volumes.", listOf("Removed")) },
  FindingList: { "200": json("What was found.", listOf("Finding")) },
  Operation: { "2XX": json("The work; it goes on when the client leaves.", ref("Operation")) },
  OperationList: { "200": json("The work.", listOf("Operation")) },
  BackupList: { "200": json("The backups.", listOf("Backup")) },
  None: { "204": { description: "Done." } },
  Tar: { "200": content("A tar stream, cut off where it failed.", "application/x-tar", text) },
  Events: { "200": content("Server-sent events, each with JSON as its data.", "text/event-stream", text) },
  Metrics: { "200": content("The figures.", "text/plain", text) },
  Osd: { "200": json("As OpenStorage answers.", {}) },
};

function object(required: Readonly<Record<string, object>>, optional: Readonly<Record<string, object>> = {}): object {
  return { type: "object", properties: { ...required, ...optional }, required: Object.keys(required) };
}

function ref(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

function listOf(name: string): object {
  return { type: "array", items: ref(name) };
}

function json(description: string, schema: object): object {
  return content(description, "application/json", schema);
}

function content(description: string, type: string, schema: object): object {
  return { description, content: { [type]: { schema } } };
}
