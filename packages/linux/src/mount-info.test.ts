import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMounts, readMounts } from "./mount-info.ts";

test("a line of mountinfo is read field by field, escapes undone", () => {
  const line = String.raw`36 35 98:0 /mnt1 /mnt/a\040b\134c rw,noatime master:1 shared:7 - ext3 /dev/root\011x rw,errors=continue`;
  assert.deepEqual(parseMounts(`${line}\n`), [
    {
      id: 36,
      parentId: 35,
      device: "98:0",
      root: "/mnt1",
      mountpoint: String.raw`/mnt/a b\c`,
      options: ["rw", "noatime"],
      propagation: ["master:1", "shared:7"],
      fileSystem: "ext3",
      source: "/dev/root\tx",
      superOptions: ["rw", "errors=continue"],
    },
  ]);
});

test("this process sees a root mount and its own /proc", async () => {
  const mounts = await readMounts();
  assert.ok(mounts.some((mount) => mount.mountpoint === "/"));
  assert.ok(mounts.some((mount) => mount.mountpoint === "/proc" && mount.fileSystem === "proc"));
});
