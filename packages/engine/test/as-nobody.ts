import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import type { Scratch } from "./scratch.ts";

/** Runs a task without root's power to pass every permission; the scratch folder itself stays open to it. */
export async function asNobody(at: Scratch, task: () => Promise<void>): Promise<void> {
  await chmod(at.root, 0o755);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    assert.notEqual(process.geteuid?.(), 0);
    await task();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
