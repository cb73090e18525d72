import { knownMethod } from "@outrigger/engine";
import { fieldOf, isObject, type JsonObject } from "./json-field.ts";
import type { WireReply } from "./connection.ts";

/** A plugin's reply to one call, and what the engine makes of it. */
export interface Answer {
  readonly method: string;
  readonly status: number;
  readonly reply: WireReply;
  /** The decoded body; undefined where it is not JSON. */
  readonly json: unknown;
  /** The body as an object, empty where it is none. */
  readonly fields: JsonObject;
  /** The text of a failure: a status other than 200, or a text under the protocol's error key. Undefined for success. */
  readonly failure: string | undefined;
}

/**
 * Reads a reply as both engines do: a failure is a status other than 200, or a text under the error key.
 * Source: moby/moby pkg/plugins/client.go.
 */
export function readAnswer(method: string, reply: WireReply): Answer {
  const text = reply.body.toString("utf8");
  const json = parse(text);
  const fields = isObject(json) ? json : {};
  return { method, status: reply.status, reply, json, fields, failure: failureIn(method, { reply, fields, text }) };
}

function failureIn(
  method: string,
  { reply, fields, text }: { reply: WireReply; fields: JsonObject; text: string },
): string | undefined {
  const protocol = knownMethod(method)?.protocol;
  if (reply.status !== 200) {
    const named = fieldOf(fields, "Err") ?? fieldOf(fields, "Error");
    return typeof named === "string" && named !== "" ? named : text.trim() || `status ${reply.status}`;
  }
  if (protocol?.errorKeyIgnored === true) return undefined;
  const named = fieldOf(fields, protocol?.errorKey ?? "Err");
  return typeof named === "string" && named !== "" ? named : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
