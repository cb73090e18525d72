import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonTextError, parseFirstJson, placeOf } from "./json-text.ts";

const faults: readonly [text: string, place: string, message: RegExp][] = [
  ['{\n  "Name": "x",\n  "Addr": "y",\n}', "3:14", /a comma before "}" .* remove the comma/],
  ["[1, 2, ]", "1:6", /a comma before "]"/],
  ['{"a": 1 "b": 2}', "1:9", /expected "," or "}", found "\\""/],
  ['{"a" 1}', "1:6", /expected ":", found "1"/],
  ["{a: 1}", "1:2", /expected a name in double quotes, found "a"/],
  ["{'a': 1}", "1:2", /single quotes .* write double quotes/],
  ['// note\n{"a": 1}', "1:1", /remove the comment/],
  ['{"a": "b\n"}', "1:9", /control character inside a string/],
  ['{"a": "b}', "1:7", /never ends/],
  ['{"a": "\\x"}', "1:8", /no such escape/],
  ['{"a": 1', "1:8", /text ends/],
  ["", "1:1", /text ends/],
  ['\ufeff{"a": 1}', "1:1", /byte order mark/],
  ['{"a":\n\n 😀}', "3:2", /found "😀"/],
  ["[".repeat(5000), "1:1002", /nested more than 1000 deep/],
];

for (const [text, place, message] of faults) {
  test(`a fault in ${JSON.stringify(text.slice(0, 40))} is found at ${place}`, () => {
    assert.throws(
      () => parseFirstJson(text),
      (error) => {
        assert.ok(error instanceof JsonTextError);
        assert.match(error.message, message);
        const { line, column } = placeOf(text, error.offset);
        assert.equal(`${line}:${column}`, place);
        return true;
      },
    );
  });
}

test("the first value is read and the rest handed back", () => {
  assert.deepEqual(parseFirstJson(' {"a": [1, "}"]} {"b": 2}'), { value: { a: [1, "}"] }, rest: '{"b": 2}' });
  assert.deepEqual(parseFirstJson("null garbage"), { value: null, rest: "garbage" });
});

test("every JSON text is read, alone and with something behind it", () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom("", " ", "\n{}", " ]", "\t,"), (text, tail) => {
      const { value, rest } = parseFirstJson(text + tail);
      assert.deepEqual(value, JSON.parse(text));
      assert.equal(rest, tail.trim());
    }),
  );
});

test("a damaged text is refused exactly where JSON.parse refuses it", () => {
  const piece = fc.constantFrom("{", "}", "[", "]", ",", ":", '"', "\\", "1", ".", "e", "-", "null", " ", "\n", "x");
  fc.assert(
    fc.property(fc.json(), piece, fc.nat(), (text, inserted, at) => {
      const damaged = text.slice(0, at % (text.length + 1)) + inserted + text.slice(at % (text.length + 1));
      let ours: unknown;
      let refused = false;
      try {
        const { value, rest } = parseFirstJson(damaged);
        ours = value;
        refused = rest !== "";
      } catch (error) {
        assert.ok(error instanceof JsonTextError, String(error));
        refused = true;
      }
      try {
        assert.deepEqual(ours, JSON.parse(damaged));
        assert.equal(refused, false);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        assert.equal(refused, true);
      }
    }),
    { numRuns: 500 },
  );
});
