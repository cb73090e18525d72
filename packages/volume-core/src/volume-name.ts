import { createHash } from "node:crypto";
import { RequestError } from "@outrigger/protocol";

// The local driver's rule (moby/moby daemon/volume/local/local.go), with an end: other drivers' names reach a plugin
// unchecked (daemon/volume/mounts/linux_parser.go).
const rule = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** Whether the engine's local driver would take the name, and it is no longer than 128. */
export function isVolumeName(name: string): boolean {
  return rule.test(name);
}

/** Throws `RequestError` for a name that is none; `what` is a volume unless told. */
export function checkVolumeName(name: string, what = "volume"): void {
  if (isVolumeName(name)) return;
  throw new RequestError(
    `${what} name ${quoteName(name)} is not allowed; use 1 to 128 letters, digits, ".", "_" and "-", a letter or digit first`,
  );
}

/**
 * The name of a volume's folder: readable, and different for any two names even where case does not count.
 * Never holds anything of the name but its letters, digits, "_" and "-".
 */
export function folderNameOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "-")
    .slice(0, 40);
  return `${slug}-${createHash("sha256").update(name).digest("hex").slice(0, 12)}`;
}

/** A name for an error message: short, on one line, without letters that change how the line reads. */
export function quoteName(text: string): string {
  const shown = text.slice(0, 60).replaceAll(/[^ -~]/gu, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`);
  return `"${shown}${text.length > 60 ? "…" : ""}"`;
}
