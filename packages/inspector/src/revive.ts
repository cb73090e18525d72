import type { Field, Fields, Shape } from "@outrigger/protocol";
import { redacted } from "./redactor.ts";

/** What a recorded request needs to be sent again. */
export interface Revival {
  readonly fields: Fields | undefined;
  /** What the plugin chose this time, by what it chose when recorded. */
  readonly chosen: ReadonlyMap<string, string>;
}

/** A recorded request with this plugin's own choices in it, and of every secret something of the same type. */
export function revive(request: unknown, { fields, chosen }: Revival): unknown {
  const walk = (value: unknown, shape: Shape | undefined): unknown => {
    if (value === redacted) return placeholder(shape);
    if (typeof value === "string") return chosen.get(value) ?? value;
    if (Array.isArray(value)) return value.map((item) => walk(item, shape?.type === "list" ? shape.of : undefined));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, walk(field, shapeOf(shape, key))]));
  };
  return walk(request, fields === undefined ? undefined : { type: "object", fields });
}

function shapeOf(shape: Shape | undefined, key: string): Field | Shape | undefined {
  if (shape?.type === "map") return shape.of;
  return shape?.type === "object" && Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
}

function placeholder(shape: Shape | undefined): unknown {
  if (shape === undefined || shape.type === "string") return redacted;
  if (shape.type === "bytes") return Buffer.from(redacted).toString("base64");
  return shape.type === "list" ? [] : {};
}
