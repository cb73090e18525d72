import { readdir, readFile } from "node:fs/promises";

/** Processor time of a process in microseconds, all threads, user and system (proc(5), schedstat). */
export async function processorTime(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8")));
  return times.reduce((sum, time) => sum + Number(time.split(" ")[0]), 0) / 1000;
}

/** Memory of a process in MiB: `rss` counts what it shares with others in full, `pss` its part of that. */
export async function memory(pid: number): Promise<{ rss: number; pss: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const mebibytes = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(text)?.[1]) / 1024;
  return { rss: mebibytes("Rss"), pss: mebibytes("Pss") };
}
