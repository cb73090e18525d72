// volume-local on a btrfs of its own, served by the command in a mount namespace of its own, which goes with it.
import { mkdtemp, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readLoopDevices, startChild, type Child } from "@outrigger/linux";
import { createStorageClient, type StorageClient } from "../src/client.ts";

const main = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));

/** What is there for a whole file of tests. */
export interface Served extends AsyncDisposable {
  readonly path: string;
  readonly root: string;
  readonly socket: string;
  readonly client: StorageClient;
  /** The process that serves now. */
  pid(): number;
  /** Ends it by SIGKILL, and starts another one. */
  crash(): Promise<void>;
}

/** Starts the plugin, with a repository for backups configured. */
export async function serveVolumes(): Promise<Served> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "outrigger-storage-")));
  const [root, repository, password] = [join(path, "root"), join(path, "repository-file"), join(path, "password-file")];
  await writeFile(repository, join(path, "repository"), { mode: 0o600 });
  await writeFile(password, "a password of the tests", { mode: 0o600 });
  const argv = [
    process.execPath,
    main,
    "serve",
    "volume-local",
    "--plugins-dir",
    join(path, "plugins"),
    "--root",
    root,
  ];
  const pool = ["--pool", "auto", "--pool-size", "512MiB"];
  const backups = [
    "--backup-repository-file",
    repository,
    "--backup-password-file",
    password,
    "--backup-keep-last",
    "1",
  ];
  const socket = join(root, "api.sock");
  const start = async (): Promise<Child> => {
    const child = await startChild(["unshare", "--mount", "--propagation=private", ...argv, ...pool, ...backups]);
    const client = createStorageClient(socket);
    await until(async () => {
      const ended = await Promise.race([child.ended, Promise.resolve(undefined)]);
      if (ended !== undefined) throw new Error(child.output());
      return await client.call({ path: "/v1/volumes" }).then(
        () => true,
        () => false,
      );
    });
    return child;
  };
  let child = await start();
  const gone = (): Promise<void> =>
    until(async () => (await readLoopDevices()).every(({ file }) => !file.startsWith(path)));
  return {
    path,
    root,
    socket,
    client: createStorageClient(socket),
    pid: () => child.pid,
    crash: async () => {
      child.kill("SIGKILL");
      await child.ended;
      await gone();
      child = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await child[Symbol.asyncDispose]();
      await gone();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Waits for a condition, for a minute at most. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await condition()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`waited a minute in vain for ${condition.toString()}`);
  }
}

/** Whether something is there. */
export async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
