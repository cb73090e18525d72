import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { scratch } from "../test/scratch.ts";
import { describeFailure } from "./dev-failure.ts";

/** What is said of a module that cannot be loaded, inside of the error that says so. */
async function failureOf(file: string): Promise<string> {
  const cause: unknown = await import(pathToFileURL(file).href).catch((error: unknown) => error);
  return describeFailure(new Error(`cannot load ${file}`, { cause })).text;
}

test("a failure is told with its file and line, and without Node's own frames", async () => {
  await using place = await scratch();
  const cases = [
    ["syntax.ts", "export const a = 1;\nlet b = ;\n", /^\S*\/syntax\.ts:2\n/],
    ["enum.ts", "\n\nenum A { B }\n", /^\S*\/enum\.ts:3\n[^]*enum is not supported/],
    ["thrown.ts", '\nthrow new Error("at load");\n', /^cannot load .*\n\s+at .*\/thrown\.ts:2:7\)?$/],
    ["missing.ts", 'import { none } from "node:fs";\nnone();\n', /^\/\S*\/missing\.ts:1\n[^]*none/],
  ] as const;
  for (const [name, text, told] of cases) {
    const failure = await failureOf(await place.write(name, text));
    assert.match(failure, told);
    assert.doesNotMatch(failure, /node:internal|file:\/\//);
  }
});

test("state that another process has is told apart, however deep it is said, and a ring of causes comes to an end", () => {
  const inUse = Object.assign(new Error("state.db is in use"), { code: "in-use" });
  const ring = new Error("ring");
  ring.cause = new Error("did not open", { cause: ring });
  assert.equal(describeFailure(new Error("a", { cause: new Error("b", { cause: inUse }) })).inUse, true);
  assert.equal(describeFailure(ring).inUse, false);
  assert.deepEqual(describeFailure("text"), { text: "text", inUse: false });
});
