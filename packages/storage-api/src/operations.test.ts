import assert from "node:assert/strict";
import { test } from "node:test";
import { openApi } from "./openapi.ts";
import { operations } from "./operations.ts";
import { osdOperations } from "./osd-operations.ts";

const all = [...operations, ...osdOperations];

test("every operation has an id, and a method and path, of its own", () => {
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  assert.equal(
    new Set(all.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`)).size,
    all.length,
  );
});

test("who only looks changes nothing, and what destroys or moves data takes an admin", () => {
  const looking = new Set(["GET", "POST /v1/volumes/{volume}/stats", "POST /v1/check"]);
  for (const { id, method, path, role } of all) {
    if (role === "viewer") assert.ok(looking.has(method) || looking.has(`${method} ${path}`), id);
    if (method === "DELETE" || /restore|export|import|send|receive|gc$/.test(path)) assert.equal(role, "admin", id);
  }
});

test("the OpenAPI document refers to nothing that is not in it, and describes every operation", () => {
  for (const [kind, of] of [
    ["volumes", operations],
    ["osd", osdOperations],
  ] as const) {
    // A copy as a client gets it.
    const document = JSON.parse(JSON.stringify(openApi(kind, of))) as Document;
    const text = JSON.stringify(document);
    for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      assert.ok(Object.hasOwn(document.components.schemas, name), name);
    }
    const described = Object.values(document.paths).flatMap((path) => Object.values(path));
    assert.deepEqual(described.map(({ operationId }) => operationId).toSorted(), of.map(({ id }) => id).toSorted());
    for (const [path, methods] of Object.entries(document.paths)) {
      const blanks = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters = [], responses } of Object.values(methods)) {
        assert.deepEqual(
          parameters.filter((one) => one.in === "path").map(({ name }) => name),
          blanks,
          path,
        );
        assert.ok(Object.keys(responses).length >= 2, path);
      }
    }
  }
});

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: object };
}

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: object;
}
