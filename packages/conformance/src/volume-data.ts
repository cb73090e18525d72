// A volume's data and mounts as they are seen from here: how cases know a volume again, and that it was let go.
import { constants } from "node:fs";
import { open, readFile, realpath, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Trial } from "./trial.ts";
import { Skip, Violation } from "./violation.ts";

/** A file that was written into a volume to know it by. */
export interface Mark {
  readonly file: string;
  readonly text: string;
}

const limitMs = 30_000;

/** Writes a file into a mounted volume. Skips the case where the volume is read-only. */
export async function writeMark(trial: Trial, mountpoint: string): Promise<Mark> {
  const mark = { file: trial.name("mark"), text: trial.id() };
  const path = join(trial.path(mountpoint), mark.file);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  await within(trial, `writing into the Mountpoint ${mountpoint}`, async () => {
    await using file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
    trial.defer(() => unlink(path).catch(() => {}));
    await file.writeFile(mark.text);
    await file.sync();
  });
  return mark;
}

/** Fails where a mark is not to be read any more; `when` says after what. */
export async function assertMark(
  trial: Trial,
  mountpoint: string,
  expected: { mark: Mark; when: string },
): Promise<void> {
  const { mark, when } = expected;
  const path = join(trial.path(mountpoint), mark.file);
  const text = await within(trial, `reading from the Mountpoint ${mountpoint} after ${when}`, () =>
    readFile(path, "utf8"),
  );
  if (text !== mark.text)
    throw new Violation(`a file in the Mountpoint ${mountpoint} has other contents after ${when}`);
}

/** Fails where a mounted volume cannot be read and written any more; `when` says after what. */
export async function assertUsable(
  trial: Trial,
  mountpoint: string,
  expected: { mark: Mark; when: string },
): Promise<void> {
  await assertMark(trial, mountpoint, expected);
  await assertMark(trial, mountpoint, { mark: await writeMark(trial, mountpoint), when: expected.when });
}

/** Whether a mark is seen in a mountpoint. */
export async function hasMark(trial: Trial, mountpoint: string, mark: Mark): Promise<boolean> {
  const path = join(trial.path(mountpoint), mark.file);
  return within(trial, `reading from the Mountpoint ${mountpoint}`, () =>
    readFile(path).then(
      () => true,
      (cause: unknown) => {
        if (codeOf(cause) === "ENOENT") return false;
        throw cause;
      },
    ),
  );
}

/** A place where something may be mounted. */
export interface MountSpot {
  /** How many mounts are on top of each other there. */
  count(): Promise<number>;
  /** How many there were when a list was made. */
  within(mounts: readonly string[]): number;
}

/** Watches a `Mountpoint` in the kernel's own list of mounts. */
export async function watchMounts(trial: Trial, mountpoint: string): Promise<MountSpot> {
  // Of another process's root, only that process knows how its paths are spelled.
  const place =
    rootProcess(trial) === "self"
      ? await realpath(trial.path(mountpoint)).catch(() => trial.path(mountpoint))
      : mountpoint;
  const within = (mounts: readonly string[]): number => mounts.filter((one) => one === place).length;
  return { within, count: async () => within(await listMounts(trial)) };
}

/** Where something is mounted, as the plugin's host has it. */
export async function listMounts(trial: Trial): Promise<readonly string[]> {
  const text = await readFile(`/proc/${rootProcess(trial)}/mountinfo`, "utf8");
  return text.split("\n").map((line) => unescaped(line.split(" ")[4] ?? ""));
}

/** The process whose root the plugin's root folder is, where it was given as one's. */
function rootProcess({ setting: { hostRoot } }: Trial): string {
  return (typeof hostRoot === "string" ? /^\/proc\/(\d+)\/root\/?$/.exec(hostRoot)?.[1] : undefined) ?? "self";
}

/** Fails where something is still mounted on a spot; `when` says after what. */
export async function assertReleased(trial: Trial, spot: MountSpot, when: string): Promise<void> {
  if (await trial.until(async () => (await spot.count()) === 0)) return;
  throw new Violation(`something is still mounted on the Mountpoint after ${when}; nobody will unmount it any more`);
}

/** What a plugin serves may never answer: file systems are asked within a limit. */
export async function within<T>(trial: Trial, what: string, work: () => Promise<T>): Promise<T> {
  const timer = new AbortController();
  const milliseconds = Math.min(limitMs, trial.setting.callLimitMs ?? limitMs);
  const signal = AbortSignal.any([timer.signal, trial.signal]);
  const late = wait(milliseconds, undefined, { signal }).then(() => {
    throw new Violation(`${what} did not end within ${milliseconds} ms`);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (cause) {
    if (cause instanceof Violation || trial.signal.aborted) throw cause;
    if (codeOf(cause) === "EROFS")
      throw new Skip("the volume is read-only; give options that make one for writing with --option");
    throw new Violation(`${what} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}

/** Spaces and the like are written as octal numbers: proc_pid_mountinfo(5). */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
