// A lab host on which volumes of ours, of rclone and of the engine itself can be used side by side.
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { lab, type Host } from "@outrigger/e2e/lab";
import { plainEnvironment, type Child } from "@outrigger/linux";

/** The image that containers are run from. */
export const image = "bench";

/** A host with an engine, an image, and both plugins. Disposing takes all of it away. */
export interface VolumeHost extends AsyncDisposable {
  readonly host: Host;
  /** rclone's socket, as the machine reaches it. */
  readonly rcloneSocket: string;
  readonly rclonePid: number;
}

const rcloneSocket = "/run/docker/plugins/rclone.sock";

/** Makes one; `serve` is the command that serves a plugin of ours. */
export async function startVolumeHost(serve: readonly string[]): Promise<VolumeHost> {
  await using opening = new AsyncDisposableStack();
  const host = opening.use(await lab.host());
  await host.image(image);
  const ours = [...serve, "volume-local", "--pool", "auto", "--pool-size", "4GiB", "--backend", "dir"];
  await started(host, { argv: ours, socket: "/run/docker/plugins/volume-local.sock" });
  const rclone = await startRclone(host);
  const opened = opening.move();
  return {
    host,
    rcloneSocket: host.path(rcloneSocket),
    rclonePid: rclone.pid,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function startRclone(host: Host): Promise<Child> {
  await host.run(["mkdir", "-p", "/run/rclone/remote", "/run/rclone/volumes", "/run/rclone/cache"]);
  await host.run(["touch", "/run/rclone/config"]);
  // rclone of Debian 12 calls it by the name of before FUSE 3.
  const programs = join(host.share, "programs");
  await mkdir(programs);
  await writeFile(join(programs, "fusermount"), '#!/bin/sh\nexec fusermount3 "$@"\n', { mode: 0o755 });
  const argv = [
    "rclone",
    "serve",
    "docker",
    `--socket-addr=${rcloneSocket}`,
    "--base-dir=/run/rclone/volumes",
    "--cache-dir=/run/rclone/cache",
    "--config=/run/rclone/config",
  ];
  const env = { ...plainEnvironment, PATH: `${programs}:${plainEnvironment.PATH ?? ""}` };
  return await started(host, { argv, socket: rcloneSocket, env });
}

interface Program {
  readonly argv: readonly string[];
  readonly socket: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program on the host and waits until its socket is there. */
async function started(host: Host, { argv, socket, env }: Program): Promise<Child> {
  const child = await host.start(argv, env && { env });
  const limit = performance.now() + 60_000;
  while (!existsSync(host.path(socket))) {
    if (performance.now() > limit) throw new Error(`${argv.join(" ")} does not listen: ${child.output()}`);
    await wait(10);
  }
  return child;
}
