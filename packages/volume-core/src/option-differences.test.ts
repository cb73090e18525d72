import assert from "node:assert/strict";
import { test } from "node:test";
import { defineOptions } from "@outrigger/plugin";
import { refuseOtherOptions } from "./option-differences.ts";

const schema = defineOptions({
  size: { type: "size", doc: "Size.", required: true },
  mode: { type: "octal", doc: "Mode.", default: "0755" },
  token: { type: "string", doc: "Password.", secret: true },
});

const alike: readonly [first: Record<string, string>, second: Record<string, string>][] = [
  [{ size: "1GiB" }, { size: "1GiB" }],
  [{ size: "1GiB" }, { size: "1024MiB" }],
  [{ size: "1GiB" }, { mode: "755" }],
  [{ size: "1GiB", mode: "0700" }, {}],
];
for (const [first, second] of alike) {
  test(`${JSON.stringify(second)} asks for the volume that ${JSON.stringify(first)} made`, () => {
    refuseOtherOptions(schema, { name: "v", first, second });
  });
}

const other: readonly [first: Record<string, string>, second: Record<string, string>, text: RegExp][] = [
  [{ size: "1GiB" }, { size: "2GiB" }, /^volume v exists with size=1GiB, not size=2GiB; leave the options out/],
  [{ size: "1GiB" }, { mode: "0700" }, /with mode=0755, not mode=0700/],
  [
    { size: "1", mode: "0700" },
    { size: "2", mode: "0750" },
    /with size=1, not size=2 and with mode=0700, not mode=0750/,
  ],
  [{ size: "1", token: "one" }, { token: "two" }, /^volume v exists with another token; leave/],
  [{ size: "1" }, { token: "two" }, /^volume v exists with another token; leave/],
  [{ size: "1" }, { sise: "1" }, /^unknown option "sise"; did you mean "size"\?/],
];
for (const [first, second, text] of other) {
  test(`${JSON.stringify(second)} is refused for the volume that ${JSON.stringify(first)} made`, () => {
    assert.throws(() => refuseOtherOptions(schema, { name: "v", first, second }), { message: text });
  });
}
