import assert from "node:assert/strict";
import { test } from "node:test";
import { holds, readCidr, readIp, textOf } from "./subnet.ts";

test("an address is read as Go reads it, and written again", () => {
  for (const [text, written] of [
    ["198.18.7.9", "198.18.7.9"],
    ["fd01::1", "fd01:0:0:0:0:0:0:1"],
    ["::", "0:0:0:0:0:0:0:0"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["::ffff:198.18.7.9", "0:0:0:0:0:ffff:c612:709"],
  ] as const) {
    const ip = readIp(text);
    assert.ok(ip, text);
    assert.equal(textOf(ip), written);
  }
  for (const wrong of ["", "198.18.7", "198.18.07.9", "198.18.7.9/24", "fe80::1%eth0", "fd01::g", 7, undefined, null]) {
    assert.equal(readIp(wrong), undefined, String(wrong));
  }
});

test("an address with prefix length makes a block", () => {
  const block = readCidr("198.18.7.9/24");
  assert.ok(block);
  assert.deepEqual(
    [block.first, block.last].map((number) => textOf({ number, bits: 32 })),
    ["198.18.7.0", "198.18.7.255"],
  );
  const [inside, below, v6] = ["198.18.7.255", "198.18.6.255", "::c612:7ff"].map(readIp);
  assert.ok(inside && below && v6);
  assert.deepEqual(
    [inside, below, v6].map((ip) => holds(block, ip)),
    [true, false, false],
  );
  assert.equal(readCidr("0.0.0.0/0")?.last, 2n ** 32n - 1n);
  for (const wrong of [
    "198.18.7.9",
    "198.18.7.9/",
    "198.18.7.9/33",
    "198.18.7.9/+8",
    "198.18.7.9/08",
    "a/8",
    "1.2.3.4/8/9",
    "::/129",
  ]) {
    assert.equal(readCidr(wrong), undefined, wrong);
  }
});
