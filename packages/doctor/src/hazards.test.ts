import assert from "node:assert/strict";
import { test } from "node:test";
import { hazards, parseVersion } from "./hazards.ts";

const affected: Readonly<Record<string, readonly string[]>> = {
  "CVE-2024-41110": ["20.10.27", "23.0.14", "24.0.9", "25.0.5", "26.0.2", "26.1.4", "27.0.3", "27.1.0"],
  "CVE-2026-34040": ["20.10.24+dfsg1", "26.1.5", "28.5.2", "29.3.0"],
  "CVE-2026-33997": ["26.1.5", "29.3.0"],
  "builds past authorization plugins": ["29.2.0", "29.3.1", "30.0.0"],
  "live-restore forgets mounts": ["20.10.24", "23.0.6"],
  "EndpointOperInfo is needed": ["20.10.24", "26.1.5", "27.5.1"],
};
const free: Readonly<Record<string, readonly string[]>> = {
  "CVE-2024-41110": ["23.0.15", "25.0.6", "26.1.5", "27.1.1", "27.2.0", "28.0.0"],
  "CVE-2026-34040": ["29.3.1", "30.0.0"],
  "CVE-2026-33997": ["29.3.1"],
  "builds past authorization plugins": ["26.1.5", "29.1.9"],
  "live-restore forgets mounts": ["24.0.0", "26.1.5"],
  "EndpointOperInfo is needed": ["28.0.0"],
};

test("each hazard concerns the releases that have it, and no others", () => {
  assert.deepEqual(hazards.map(({ id }) => id).sort(), Object.keys(affected).sort());
  for (const { id, affects } of hazards) {
    for (const text of affected[id] ?? [])
      assert.equal(affects(parseVersion(text) ?? [0, 0, 0]), true, `${id} ${text}`);
    for (const text of free[id] ?? []) assert.equal(affects(parseVersion(text) ?? [0, 0, 0]), false, `${id} ${text}`);
  }
});

test("a version is read with whatever a distribution puts behind it, and what is none is not", () => {
  assert.deepEqual(parseVersion("20.10.24+dfsg1"), [20, 10, 24]);
  assert.deepEqual(parseVersion("v29.3"), [29, 3, 0]);
  assert.equal(parseVersion("master"), undefined);
});
