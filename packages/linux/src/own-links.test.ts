import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ownLinkAlias, ownLinkPrefix, readOwnLinks } from "./own-links.ts";

test("a link of ours is known by its alias, one with our prefix alone has no plugin, others are not ours", async () => {
  const sys = await mkdtemp(join(tmpdir(), "own-links-"));
  try {
    const links = {
      [`${ownLinkPrefix}1f`]: ownLinkAlias("mesh", "abc"),
      [`${ownLinkPrefix}2f`]: "",
      renamed: ownLinkAlias("mesh", "def"),
      eth0: "outrigger:",
    };
    for (const [name, alias] of Object.entries(links)) {
      await mkdir(join(sys, "class/net", name), { recursive: true });
      await writeFile(join(sys, "class/net", name, "ifalias"), `${alias}\n`);
    }
    await writeFile(join(sys, "class/net", "bonding_masters"), "");
    assert.deepEqual(
      (await readOwnLinks(sys)).sort((a, b) => a.name.localeCompare(b.name)),
      [
        { name: "or-1f", plugin: "mesh", endpoint: "abc" },
        { name: "or-2f", plugin: undefined, endpoint: undefined },
        { name: "renamed", plugin: "mesh", endpoint: "def" },
      ],
    );
  } finally {
    await rm(sys, { recursive: true });
  }
});

test("this network namespace can be read", async () => {
  assert.ok(Array.isArray(await readOwnLinks()));
});
