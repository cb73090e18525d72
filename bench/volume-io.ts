// What file I/O reaches in a container: on a volume of ours, and on the very same folder bound into another container.
import { join } from "node:path";
import type { Host } from "@outrigger/e2e/lab";
import { compared, type Row, type Samples } from "./rows.ts";
import { image } from "./volume-host.ts";

const jobs = {
  "sequential write": ["--rw=write", "--bs=1M", "--fsync=16"],
  "sequential read": ["--rw=read", "--bs=1M"],
  "random write of 4 KiB": ["--rw=randwrite", "--bs=4k", "--fsync=32"],
  "random read of 4 KiB": ["--rw=randread", "--bs=4k"],
};

const aim = { of: "ratio", least: 0.97 } as const;

/** All jobs on both kinds of volumes. */
export async function measureIo(host: Host, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const backend of ["dir", "btrfs"]) rows.push(...(await measureBackend(host, backend, rounds)));
  return rows;
}

async function measureBackend(host: Host, backend: string, rounds: number): Promise<Row[]> {
  const volume = `io-${backend}`;
  await host.docker(["volume", "create", "-d", "volume-local", "-o", `backend=${backend}`, volume]);
  const onVolume = await startHolder(host, volume);
  const folder = await host.docker(["volume", "inspect", "-f", "{{.Mountpoint}}", volume]);
  const onFolder = await startHolder(host, folder);
  const rows: Row[] = [];
  for (const [name, flags] of Object.entries(jobs)) {
    const seen = { ours: [] as number[], peer: [] as number[] } satisfies Samples;
    for (let round = 0; round < rounds; round++) {
      const sides = [
        { kept: seen.ours, place: onVolume },
        { kept: seen.peer, place: onFolder },
      ];
      for (const { kept, place } of round % 2 === 0 ? sides : sides.toReversed()) {
        kept.push(await measureJob(host, place, flags));
      }
    }
    rows.push(compared({ figure: `${backend}: ${name}`, unit: "MiB/s", peer: "bind mount", aim }, seen));
  }
  for (const { id } of [onFolder, onVolume]) await host.docker(["rm", "-f", id]);
  await host.docker(["volume", "rm", volume]);
  return rows;
}

/** A container that does nothing, and its folder as the host reaches it: through the container's own mounts. */
interface Holder {
  readonly id: string;
  readonly data: string;
}

async function startHolder(host: Host, source: string): Promise<Holder> {
  const id = await host.docker(["run", "-d", "-v", `${source}:/data`, image, "sleep", "3600"]);
  const pid = await host.docker(["inspect", "-f", "{{.State.Pid}}", id]);
  return { id, data: join("/proc", pid, "root/data") };
}

/** MiB a second of one short run. */
async function measureJob(host: Host, { data }: Holder, flags: readonly string[]): Promise<number> {
  const file = `--filename=${join(data, "file")}`;
  const common = ["--name=job", "--size=64M", "--runtime=700ms", "--time_based", "--direct=0", "--ioengine=psync"];
  const { stdout } = await host.run(["fio", file, ...common, ...flags, "--output-format=json"], { timeoutMs: 120_000 });
  // Written by fio; a shape that is not this gives no number.
  const { jobs } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as {
    jobs: { read: { bw_bytes: number }; write: { bw_bytes: number } }[];
  };
  const [job] = jobs;
  const bytes = Math.max(job?.read.bw_bytes ?? Number.NaN, job?.write.bw_bytes ?? Number.NaN);
  return bytes / 2 ** 20;
}
