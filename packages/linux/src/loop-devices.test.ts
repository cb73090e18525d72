import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLoopDevices } from "./loop-devices.ts";

test("each device is told with its file, by path and by what it is", () => {
  const text =
    "/dev/loop1 1491649 \\x20\\x20\\x20\\x20\\x20254:0\\x20\\x20 /var/lib/a\\x20b/\\xc3\\xa9.pool.btrfs\n" +
    "/dev/loop0 2146406 259:300 /srv/image\\x20(deleted)\n" +
    "/dev/loop7\n";
  assert.deepEqual(parseLoopDevices(text), [
    { device: "/dev/loop1", file: "/var/lib/a b/\u00e9.pool.btrfs", deleted: false, inode: 1_491_649n, on: 0xfe00n },
    { device: "/dev/loop0", file: "/srv/image", deleted: true, inode: 2_146_406n, on: 0x11032cn },
  ]);
  assert.deepEqual(parseLoopDevices(""), []);
});
