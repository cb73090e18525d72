// What OpenStorage's clients send: libopenstorage/openstorage api/api.proto, VolumeCreateRequest and its kin.
import { nearest } from "@outrigger/plugin";
import { RequestError } from "@outrigger/protocol";
import { ProblemError } from "./problem.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A volume to be made. */
export interface OsdVolumeRequest {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Fields;
  readonly parent: string | undefined;
}

/** Reads the body of a create. */
export function readVolume(json: unknown): OsdVolumeRequest {
  const { locator, source, spec } = fieldsOf(json, ["locator", "source", "spec"]);
  const { name, volume_labels } = fieldsOf(locator, ["name", "volume_labels"], "locator");
  const { parent } = fieldsOf(source, ["parent", "seed"], "source");
  if (typeof name !== "string" || name === "")
    throw new ProblemError(400, "locator.name is missing; give the volume's name");
  return {
    name,
    labels: textsOf(volume_labels, "locator.volume_labels"),
    spec: recordOf(spec, "spec"),
    parent: textOf(parent, "source.parent"),
  };
}

/** Reads the body of a set: a function that gives the new size, or throws for what is not to be had. */
export function readSet(json: unknown): () => number | undefined {
  const { spec, action, locator } = fieldsOf(json, ["spec", "action", "locator", "options"]);
  return () => {
    if (isGiven(action)) {
      throw new RequestError(
        "attach and mount are not served here: a container's engine mounts a volume, and the plugin attaches it then",
      );
    }
    if (isGiven(locator))
      throw new RequestError("labels and names are set when a volume is made; clone it to change them");
    const { size, ...others } = recordOf(spec, "spec");
    refuseGiven(others, "is not changed here; only size is");
    return isGiven(size) ? sizeOf(size) : undefined;
  };
}

/** Reads the body of a snapshot. */
export function readSnapshot(json: unknown): {
  readonly id: string;
  readonly name: string | undefined;
  readonly readonly: boolean;
} {
  const { id, locator, readonly } = fieldsOf(json, ["id", "locator", "readonly", "no_retry"]);
  const { name } = fieldsOf(locator, ["name", "volume_labels"], "locator");
  if (typeof id !== "string" || id === "") throw new ProblemError(400, "id is missing; give the volume's name");
  return { id, name: textOf(name, "locator.name"), readonly: readonly === true };
}

/** A volume's options for a spec; throws `RequestError` for what is asked for and not to be had. */
export function optionsFromSpec(spec: Fields, labels: Readonly<Record<string, string>>): Record<string, string> {
  const { size, ha_level, volume_labels, snapshot_interval, shared, ...others } = spec;
  void shared; // Every volume can be mounted by many containers.
  refuseGiven(others, "has no meaning for a volume on one host; leave it out");
  if (Number(ha_level ?? 1) > 1)
    throw new RequestError("spec.ha_level: copies on several hosts are not to be had here; use 1");
  const all = { ...textsOf(volume_labels, "spec.volume_labels"), ...labels };
  const pairs = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  const broken = pairs.find((pair) => pair.includes(","));
  if (broken !== undefined) throw new RequestError(`label ${broken} has a comma, which no label may have`);
  return {
    ...(isGiven(size) && { size: String(sizeOf(size)) }),
    ...(isGiven(snapshot_interval) && { "snap-schedule": `${Number(snapshot_interval)}min` }),
    ...(pairs.length > 0 && { labels: pairs.join(",") }),
  };
}

function refuseGiven(fields: Fields, why: string): void {
  const asked = Object.entries(fields).find(([, value]) => isGiven(value));
  if (asked === undefined) return;
  const known = ["size", "ha_level", "volume_labels", "snapshot_interval", "shared"];
  const guess = nearest(asked[0], known);
  throw new RequestError(
    `spec.${asked[0].slice(0, 60)} ${why}${guess === undefined ? "" : `; did you mean ${guess}?`}`,
  );
}

/** Go's clients send every field, most with nothing in them. */
function isGiven(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "" || value === "0")
    return false;
  return typeof value !== "object" || Object.values(value).some(isGiven);
}

function sizeOf(value: unknown): number {
  const size = Number(value);
  if (Number.isSafeInteger(size) && size > 0) return size;
  throw new RequestError(`spec.size ${JSON.stringify(value)?.slice(0, 40)} is no number of bytes`);
}

function fieldsOf(value: unknown, known: readonly string[], of = "the body"): Fields {
  const fields = recordOf(value, of);
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown === undefined) return fields;
  const guess = nearest(unknown, known);
  const hint = guess === undefined ? `known are ${known.join(", ")}` : `did you mean ${guess}?`;
  throw new ProblemError(400, `${of} has an unknown field ${JSON.stringify(unknown.slice(0, 60))}; ${hint}`);
}

function recordOf(value: unknown, of: string): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return { ...value };
  throw new ProblemError(400, `${of} has to be an object`);
}

function textsOf(value: unknown, of: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(recordOf(value, of)).map(([key, one]) => [key, textOf(one, `${of}.${key}`) ?? ""]),
  );
}

function textOf(value: unknown, of: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  throw new ProblemError(400, `${of.slice(0, 80)} has to be a text`);
}
