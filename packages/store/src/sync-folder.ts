import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes what happened to a folder's entries durable. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
