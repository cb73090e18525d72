// A folder as a tar stream and back, with all that Linux keeps of files: owners, modes, times, links, holes, ACLs, xattrs.
import { Transform, type Readable, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CommandError, streamCommand, type StreamCommand } from "@outrigger/linux";
import { DriverError } from "@outrigger/protocol";

/** The same data gives the same stream: no order of the disk, no process id, no times that change by reading. */
const reproducible = [
  "--format=posix",
  "--sort=name",
  "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
];

const kept = ["--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner"];

/** Reads a folder into a tar stream; it ends with 1 where files changed meanwhile, which `live` allows. */
export function tarFolder(
  path: string,
  { live, signal }: { readonly live: boolean; readonly signal: AbortSignal },
): StreamCommand {
  const argv = ["tar", "--create", ...reproducible, "--sparse", "--one-file-system", ...kept, "-C", path, "."];
  return streamCommand(argv, { signal, accept: live ? [0, 1] : [0] });
}

/**
 * Writes a tar stream into a folder that nobody else writes to. GNU tar refuses names with "..", takes the "/" off
 * absolute ones, and makes links that lead out of the folder only when everything else is there, so nothing is written
 * through them: tar(1), extract.c, create_placeholder_file.
 */
export async function untarFolder(path: string, input: Readable, signal: AbortSignal): Promise<void> {
  const argv = ["tar", "--extract", "--same-permissions", "--same-owner", "--delay-directory-restore", ...kept];
  const whole = new WholeTar();
  const broken = new Promise<never>((_, reject) => {
    pipeline(input, whole).catch(reject);
  });
  broken.catch(() => {});
  const { stdout, ended } = streamCommand([...argv, "-C", path], { input: whole, signal });
  stdout.resume();
  try {
    await ended;
    // What follows the end that tar found.
    whole.resume();
    await Promise.race([whole.ended, broken]);
  } catch (cause) {
    const why =
      cause instanceof CommandError ? lastLine(cause) : cause instanceof Error ? cause.message : String(cause);
    throw new DriverError(`the tar stream could not be unpacked, and nothing of it stays: ${why}`, { cause });
  }
}

/** Passes a tar stream on, and fails where it has no end: GNU tar takes one that was cut between two files for whole. */
class WholeTar extends Transform {
  readonly #end = Promise.withResolvers<void>();
  #zeros = 0;

  constructor() {
    super();
    this.ended.catch(() => {});
  }

  /** Rejects where the stream did not end with two blocks of zeros. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const last = chunk.findLastIndex((byte) => byte !== 0);
    this.#zeros = last < 0 ? this.#zeros + chunk.length : chunk.length - 1 - last;
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    if (this.#zeros >= 1024) this.#end.resolve();
    else this.#end.reject(new Error("it has no end, so something is missing"));
    done();
  }
}

function lastLine({ stderr, message }: CommandError): string {
  return (
    stderr
      .replaceAll(/^tar: /gm, "")
      .replaceAll("\n", "; ")
      .slice(0, 500) || message
  );
}
