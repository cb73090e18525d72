import type { Option, Options } from "@outrigger/plugin";
import type { Operation } from "./operation.ts";
import { replySchemas, schemas } from "./schemas.ts";

/** The OpenAPI 3.1 document of a list of operations. */
export function openApi(kind: "volumes" | "osd", operations: readonly Operation[]): object {
  const byPath = Map.groupBy(operations, ({ path }) => path);
  const paths = [...byPath].map(([path, of]) => [
    path,
    Object.fromEntries(of.map((one) => [one.method.toLowerCase(), describe(one)])),
  ]);
  const secured = kind === "osd";
  return {
    openapi: "3.1.0",
    info: {
      title: secured ? "Volumes, as OpenStorage's tools see them" : "Volumes",
      version: "1",
      description: "Errors are application/problem+json; its detail says which object, why, and the way out.",
    },
    paths: Object.fromEntries(paths),
    components: {
      schemas,
      ...(secured && { securitySchemes: { token: { type: "http", scheme: "bearer" } } }),
    },
    ...(secured && { security: [{ token: [] }] }),
  };
}

function describe(operation: Operation): object {
  const { id, doc, path, query = {}, role, reply } = operation;
  const blanks = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const asked = Object.entries(query).map(([name, option]) => ({
    name,
    in: "query",
    required: option.required === true,
    description: option.doc,
    schema: schemaOf(option),
  }));
  return {
    operationId: id,
    summary: doc,
    "x-role": role,
    ...(blanks.length + asked.length > 0 && { parameters: [...blanks, ...asked] }),
    ...bodyOf(operation),
    responses: { ...replySchemas[reply], default: problem },
  };
}

const problem = {
  description: "It could not be done.",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

function bodyOf({ body, options }: Operation): object {
  if (body === undefined && options === undefined) return {};
  if (body === "tar")
    return requestBody("application/x-tar", { type: "string", contentMediaType: "application/x-tar" });
  if (body === "json") return requestBody("application/json", { type: "object" });
  const map = {
    type: "object",
    additionalProperties: { type: "string" },
    description: "As for docker volume create -o.",
  };
  return requestBody("application/json", objectOf(body ?? {}, options === undefined ? {} : { options: map }));
}

function requestBody(type: string, schema: object): object {
  return { requestBody: { content: { [type]: { schema } } } };
}

function objectOf(fields: Options, more: Readonly<Record<string, object>>): object {
  const required = Object.entries(fields).flatMap(([name, { required }]) => (required ? [name] : []));
  const properties = Object.entries(fields).map(([name, option]) => [
    name,
    { ...schemaOf(option), description: option.doc },
  ]);
  return {
    type: "object",
    properties: { ...Object.fromEntries(properties), ...more },
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

function schemaOf(option: Option): object {
  const fallback = option.default === undefined ? {} : { default: option.default };
  switch (option.type) {
    case "integer":
      return { type: "integer", minimum: option.min, maximum: option.max, ...fallback };
    case "boolean":
      return { type: "boolean", ...fallback };
    case "choice":
      return { type: "string", enum: option.of, ...fallback };
    case "size":
      return { type: ["integer", "string"], ...fallback };
    case "octal":
    case "path":
    case "string":
      return { type: "string", ...fallback };
  }
}
