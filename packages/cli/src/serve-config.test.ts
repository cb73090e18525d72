import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { scratch } from "../test/scratch.ts";
import { UsageError } from "./command-error.ts";
import { readServeConfig } from "./serve-config.ts";

test("a file names plugins with their options and ways to listen", async () => {
  await using place = await scratch();
  const file = await place.write(
    "outrigger.json",
    JSON.stringify({
      pluginsDir: "/run/other",
      metrics: "127.0.0.1:9323",
      plugins: [
        { plugin: "volume-local" },
        {
          plugin: "./mine.ts",
          name: "mine",
          group: "docker",
          callTimeoutMs: 30_000,
          options: { root: "/srv", size: 7 },
          listen: [
            { unix: "/run/mine.sock" },
            { tcp: "127.0.0.1:4000", spec: "/etc/docker/plugins/mine.spec" },
            {
              tls: "db1:4001",
              cert: "/c",
              key: "/k",
              clientCa: "/ca",
              json: { file: "/j.json", CAFile: "/ca", CertFile: "/ec", KeyFile: "/ek" },
            },
            { systemd: true },
          ],
        },
      ],
    }),
  );
  const { plugins, ...process } = await readServeConfig(file);
  assert.deepEqual(process, {
    pluginsDir: "/run/other",
    metrics: "127.0.0.1:9323",
    folder: dirname(file),
  });
  assert.deepEqual(plugins[0], { plugin: "volume-local", options: {}, listen: [], place: `${file}: plugins[0]` });
  assert.partialDeepStrictEqual(plugins[1], {
    name: "mine",
    group: "docker",
    callTimeoutMs: 30_000,
    options: { root: "/srv", size: 7 },
  });
  assert.deepEqual(
    plugins[1]?.listen.map((listen) => Object.keys(listen)[0]),
    ["unix", "tcp", "tls", "systemd"],
  );
});

const wrong: readonly (readonly [what: string, text: string, error: RegExp])[] = [
  [
    "a trailing comma",
    '{\n  "plugins": [\n    {"plugin": "a"},\n  ]\n}',
    /^F:3:20: a comma before "]" is not JSON; remove the comma$/,
  ],
  ["a comment", '{\n  // mine\n  "plugins": []\n}', /^F:2:3: comments are not JSON; remove the comment$/],
  ["a second value", '{"plugins": []}\n{}', /^F:2:1: one JSON value is enough; remove what follows it$/],
  ["nothing", "", /^F:1:1: the text ends where a value is due$/],
  ["a list", "[]", /^F: must be a JSON object$/],
  ["no plugins", "{}", /^F: plugins: must be a list, written in \[ \], and is missing$/],
  ["an empty list", '{"plugins": []}', /^F: plugins is empty; write \{"plugin": "volume-local"\} into it$/],
  [
    "an unknown key",
    '{"plugin": []}',
    /^F: unknown key "plugin"; did you mean plugins\? known are pluginsDir, metrics, plugins$/,
  ],
  [
    "an unknown key of a plugin",
    '{"plugins": [{"plugin": "a", "opitons": {}}]}',
    /^F: plugins\[0\]: unknown key "opitons"; did you mean options\?/,
  ],
  [
    "a plugin without a package",
    '{"plugins": [{}]}',
    /^F: plugins\[0\]: option "plugin" is missing: name the package, or the path of a file$/,
  ],
  ["a plugin as text", '{"plugins": ["a"]}', /^F: plugins\[0\]: must be a JSON object$/],
  [
    "a number as a name",
    '{"plugins": [{"plugin": "a", "name": 7}]}',
    /^F: plugins\[0\]: option "name": 7 is not a text/,
  ],
  [
    "options as a list",
    '{"plugins": [{"plugin": "a", "options": []}]}',
    /^F: plugins\[0\]\.options: must be a JSON object$/,
  ],
  [
    "an unknown way to listen",
    '{"plugins": [{"plugin": "a", "listen": [{"tpc": "x"}]}]}',
    /^F: plugins\[0\]\.listen\[0\]: must have one of unix, tcp, tls, systemd; did you mean tcp\?$/,
  ],
  [
    "two ways in one",
    '{"plugins": [{"plugin": "a", "listen": [{"tcp": "x", "unix": "/x"}]}]}',
    /^F: plugins\[0\]\.listen\[0\]: must have one of unix, tcp, tls, systemd$/,
  ],
  [
    "a relative socket",
    '{"plugins": [{"plugin": "a", "listen": [{"unix": "x"}]}]}',
    /^F: plugins\[0\]\.listen\[0\]: option "unix": "x" is not an absolute path/,
  ],
  [
    "TLS without a key",
    '{"plugins": [{"plugin": "a", "listen": [{"tls": "x:1", "cert": "/c"}]}]}',
    /^F: plugins\[0\]\.listen\[0\]: option "key" is missing: its key$/,
  ],
  [
    "a TLS file for the engine without a CA",
    '{"plugins": [{"plugin": "a", "listen": [{"tls": "x:1", "cert": "/c", "key": "/k", "clientCa": "/c", "json": {"file": "/x.json"}}]}]}',
    /listen\[0\]\.json: option "CAFile" is missing/,
  ],
  [
    "systemd as false",
    '{"plugins": [{"plugin": "a", "listen": [{"systemd": false}]}]}',
    /listen\[0\]: systemd is true or left out$/,
  ],
];

for (const [what, text, error] of wrong) {
  test(`${what} is refused, saying where in the file`, async () => {
    await using place = await scratch();
    const file = await place.write("outrigger.json", text);
    await assert.rejects(readServeConfig(file), (cause) => {
      assert.ok(cause instanceof UsageError);
      assert.match(cause.message.replaceAll(file, "F"), error);
      return true;
    });
  });
}
