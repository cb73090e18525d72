// A folder as a tar stream and back, with all that Linux keeps of files: owners, modes, times, links, holes, ACLs, xattrs.
import type { Readable } from "node:stream";
import { streamCommand, type StreamCommand } from "@outrigger/linux";
import { DriverError } from "@outrigger/protocol";

const kept = ["--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner"];

/** Reads a folder into a tar stream; it ends with 1 where files changed meanwhile, which `live` allows. */
export function tarFolder(
  path: string,
  { live, signal }: { readonly live: boolean; readonly signal: AbortSignal },
): StreamCommand {
  const argv = ["tar", "--create", "--format=posix", "--sparse", "--one-file-system", ...kept, "-C", path, "."];
  return streamCommand(argv, { signal, accept: live ? [0, 1] : [0] });
}

/**
 * Writes a tar stream into a folder that nobody else writes to. GNU tar refuses names with "..", takes the "/" off
 * absolute ones, and makes links that lead out of the folder only when everything else is there, so nothing is written
 * through them: tar(1), extract.c, create_placeholder_file.
 */
export async function untarFolder(path: string, input: Readable, signal: AbortSignal): Promise<void> {
  const argv = ["tar", "--extract", "--same-permissions", "--same-owner", "--delay-directory-restore", ...kept];
  const { stdout, ended } = streamCommand([...argv, "-C", path], { input, signal });
  stdout.resume();
  try {
    await ended;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DriverError(`the tar stream could not be unpacked, and nothing of it stays: ${why}`, { cause });
  }
}
