import { readFileSync, statSync } from "node:fs";

/** The process that holds a lock on a file, if the kernel shows one to us (proc_locks(5)). */
export function lockHolder(file: string): number | undefined {
  const { ino } = statSync(file);
  const held = readFileSync("/proc/locks", "utf8")
    .split("\n")
    .map((line) => /^\d+: POSIX +ADVISORY +WRITE +(\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line))
    .find((match) => match?.[2] === String(ino));
  // A process in another process namespace shows as 0.
  const process = Number(held?.[1] ?? 0);
  return process > 0 ? process : undefined;
}
