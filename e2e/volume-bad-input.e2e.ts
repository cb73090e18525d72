// Hostile names and options, as the engine passes them on: it checks neither for a plugin.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { driver, volumeStory } from "./volume-story.ts";

const names = [
  "..",
  ".",
  "../precious",
  "../../../../var/lib/outrigger/precious",
  "/etc",
  "/var/lib/outrigger/precious/inner",
  "a/b",
  "a/../../precious",
  "a\\..\\b",
  ".hidden",
  "-rf",
  "a b",
  "a\nb",
  "a\tb",
  "$(touch /tmp/pwned)",
  "`id`",
  "; rm -rf /",
  "a'b\"c",
  "a%2e%2e%2fb",
  "caf\u00e9",
  "cafe\u0301",
  "\u202egnp.exe",
  "\u{1f40b}",
  "a".repeat(129),
  "a".repeat(300),
  "a".repeat(100_000),
];

/** Options, and what the refusal says of the way out. */
const options: readonly (readonly [option: string, remedy: RegExp])[] = [
  ["mod=0700", /unknown option "mod".*"mode"/],
  ["device=/etc", /option "device" is not possible here: use source=/],
  ["__proto__=x", /unknown option "__proto__"/],
  ["=x", /option/],
  ["size=1GiB", /option "size" is not possible on backend dir; make a volume with backend=btrfs or/],
  ["mode=rwx", /option "mode"/],
  ["mode=99999999", /option "mode"/],
  ["mode=$(id)", /option "mode"/],
  ["uid=-1", /option "uid"/],
  ["uid=4294967295", /option "uid"/],
  ["uid=1e3", /option "uid"/],
  ["uid=root", /option "uid"/],
  [`gid=${"9".repeat(100_000)}`, /option "gid"/],
];

volumeStory(
  "hostile names are refused with the rule, and reach nothing outside",
  async ({ host, docker, directly }) => {
    const before = await treeOf(host.path("/var/lib/outrigger"));
    for (const name of names) {
      const shown = JSON.stringify(name.slice(0, 40));
      const refusal = /volume name ".*" is not allowed; use 1 to 128 letters, digits, "\.", "_" and "-"/;
      await assert.rejects(docker("volume", "create", "-d", driver, "--", name), refusal, shown);
    }
    const mount = `type=volume,source=../../precious,target=/x,volume-driver=${driver}`;
    await assert.rejects(docker("run", "--rm", "--mount", mount, "busybox", "true"), /is not allowed/);
    // Past the engine, which would not send these at all.
    for (const name of ["", "a\0b", "../precious"]) {
      await assert.rejects(
        directly((client) => client.create({ Name: name })),
        /is not allowed|Name/,
      );
      await assert.rejects(
        directly((client) => client.mount({ Name: name, ID: "a" })),
        /no such volume|Name/,
      );
      await assert.rejects(
        directly((client) => client.remove({ Name: name })),
        /no such volume|Name/,
      );
    }
    assert.deepEqual(await treeOf(host.path("/var/lib/outrigger")), before);
    await assert.rejects(readdir(host.path("/tmp/pwned")), /ENOENT/);
  },
);

volumeStory(
  "hostile options are refused with the way out, and no volume is made",
  async ({ host, docker, inVolume }) => {
    const before = await treeOf(host.path("/var/lib/outrigger"));
    for (const [option, remedy] of options) {
      await assert.rejects(docker("volume", "create", "-d", driver, "-o", option, "data"), remedy, option.slice(0, 40));
      await assert.rejects(docker("volume", "inspect", "data"), /no such volume/i, option.slice(0, 40));
    }
    assert.deepEqual(await treeOf(host.path("/var/lib/outrigger")), before);
    await docker("volume", "create", "-d", driver, "data");
    assert.equal(await inVolume("echo hello"), "hello");
    await docker("volume", "rm", "data");
  },
);

/** Everything below a folder but the records, which are written to as names come and go. */
async function treeOf(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true });
  return found.filter((path) => !path.startsWith(`${driver}/state.db`)).sort();
}
