import assert from "node:assert/strict";
import { test } from "node:test";
import { scratch } from "../test/scratch.ts";
import { exitCodeOf, messageOf } from "./command-error.ts";
import { loadPlugin } from "./load-plugin.ts";

test("a short name is our package, a path a file beside the one that names it", async () => {
  assert.equal((await loadPlugin("volume-local", "/")).name, "volume-local");
  assert.equal((await loadPlugin("@outrigger/volume-local", "/")).name, "volume-local");
  const folder = new URL("../test", import.meta.url).pathname;
  assert.equal((await loadPlugin("./shelf.ts", folder)).name, "shelf");
});

test("a plugin without options is opened under the name it is given", async () => {
  await using place = await scratch();
  await place.write(
    "plain.ts",
    'export const plugin = { name: "plain", drivers: { MetricsCollector: { startMetrics() {}, stopMetrics() {} } } };',
  );
  const module = await loadPlugin("./plain.ts", place.path(""));
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const context = { log, signal: new AbortController().signal };
  assert.equal((await module.open({}, { name: "other", ...context })).name, "other");
  await assert.rejects(module.open({}, { name: "a/b", ...context }), /cannot be a socket's file name/);
});

const refused: readonly (readonly [what: string, reference: string, status: number, error: RegExp])[] = [
  [
    "a mistyped package",
    "volume-locl",
    3,
    /^no package @outrigger\/volume-locl or volume-locl; did you mean volume-local\?$/,
  ],
  [
    "a third party's package that is not there",
    "@acme/x",
    3,
    /^no package @acme\/x; install it beside outrigger with npm install$/,
  ],
  [
    "a package that is no plugin",
    "protocol",
    3,
    /^protocol is no plugin: it exports no "plugin" from definePlugin or /,
  ],
  ["a file that is not there", "./nothing.ts", 3, /^no such file: .*nothing\.ts; name another$/],
  ["a file that does not load", "./broken.ts", 3, /^cannot load \.\/broken\.ts: nonsense is not defined$/],
  ["a file without its path", "broken.ts", 3, /; write \.\/broken\.ts for the file$/],
  ["what is neither", "a b", 2, /^"a b" is neither a package's name nor a path; begin a path with \.\/ or \/$/],
];

for (const [what, reference, status, error] of refused) {
  test(`${what} is not loaded`, async () => {
    await using place = await scratch();
    await place.write("broken.ts", "export const plugin = nonsense;");
    await assert.rejects(loadPlugin(reference, place.path("")), (cause) => {
      assert.match(messageOf(cause), error);
      return exitCodeOf(cause) === status;
    });
  });
}
