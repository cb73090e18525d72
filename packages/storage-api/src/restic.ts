import { lstat, mkdir, readFile } from "node:fs/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { CommandError, plainEnvironment, streamCommand } from "@outrigger/linux";
import { DriverError } from "@outrigger/protocol";

/** Where backups go. Secrets are in files that only their owner can read, and nowhere else. */
export interface RepositoryConfig {
  /** A file with restic's address of the repository, such as `/srv/backups` or `sftp:backup@host:/srv/backups`. */
  readonly repositoryFile: string;
  /** A file with the password that the repository is encrypted with. */
  readonly passwordFile: string;
  /** A file with `NAME=value` lines that restic gets as its environment, such as the keys of an object store. */
  readonly environmentFile?: string | undefined;
  /** How many backups of a volume stay; all where left out. */
  readonly keepLast?: number | undefined;
}

/** What a call of restic is told beside its arguments. */
export interface ResticCall {
  readonly cwd?: string;
  readonly signal: AbortSignal;
  /** Gets each object that it prints with `--json`. */
  readonly onLine?: (line: object) => void;
}

/** Debian's restic on one repository. */
export class Restic {
  readonly #config: RepositoryConfig;
  readonly #cache: string;
  /** restic leaves a lock when it is killed; `unlock` takes away those whose process on this host is gone, and no other. */
  #mayBeLocked = true;

  constructor(config: RepositoryConfig, cache: string) {
    this.#config = config;
    this.#cache = cache;
  }

  /** How many backups of a volume stay. */
  get keepLast(): number | undefined {
    return this.#config.keepLast;
  }

  /** Runs it to its end, and returns what it printed in JSON. Throws `DriverError`, without secrets. */
  async run(args: readonly string[], call: ResticCall): Promise<object[]> {
    const { signal } = call;
    if (this.#mayBeLocked && args[0] !== "init") {
      await this.#once(["unlock"], { signal });
      this.#mayBeLocked = false;
    }
    try {
      return await this.#once(args, call);
    } catch (error) {
      this.#mayBeLocked = true;
      throw error;
    }
  }

  async #once(args: readonly string[], { cwd, signal, onLine }: ResticCall): Promise<object[]> {
    const env = await this.#environment();
    const printed: object[] = [];
    const { stdout, ended } = streamCommand(["restic", "--json", ...args], {
      env,
      signal,
      ...(cwd !== undefined && { cwd }),
    });
    const lines = createInterface({ input: stdout });
    lines.on("line", (line) => {
      for (const one of objectsIn(line)) {
        if (onLine === undefined) printed.push(one);
        else onLine(one);
      }
    });
    try {
      await Promise.all([ended, once(lines, "close")]);
      return printed;
    } catch (error) {
      throw new DriverError(`restic ${args[0] ?? ""}: ${await this.#explain(error)}`);
    }
  }

  async #environment(): Promise<Record<string, string>> {
    const { repositoryFile, passwordFile, environmentFile } = this.#config;
    await Promise.all([
      refuseReadable(repositoryFile),
      refuseReadable(passwordFile),
      mkdir(this.#cache, { recursive: true, mode: 0o700 }),
    ]);
    const more = environmentFile === undefined ? {} : await readEnvironment(environmentFile);
    return {
      ...more,
      ...plainEnvironment,
      HOME: "/root",
      RESTIC_REPOSITORY_FILE: repositoryFile,
      RESTIC_PASSWORD_FILE: passwordFile,
      RESTIC_CACHE_DIR: this.#cache,
      RESTIC_PROGRESS_FPS: "2",
    };
  }

  /** restic's own words; the repository's address, which may hold a password, is not shown. */
  async #explain(failure: unknown): Promise<string> {
    if (!(failure instanceof CommandError)) return failure instanceof Error ? failure.message : String(failure);
    if (failure.code === 127) return "the command is not there; install it: apt-get install restic";
    const address = await readAddress(this.#config.repositoryFile);
    const lines = failure.stderr.split("\n").filter((line) => line.trim() !== "");
    const text = lines.slice(-4).join("; ") || failure.message;
    const hidden = address === "" ? text : text.replaceAll(address, "the repository");
    const shown = hidden.replaceAll(/:\/\/[^/@\s]*@/g, "://***@");
    if (!/Is there a repository at|unable to open config file/.test(text)) return shown;
    return "there is no repository yet at the address that is configured; make it with outrigger volume backup init";
  }
}

async function readAddress(file: string): Promise<string> {
  return (await readFile(file, "utf8").catch(() => "")).trim();
}

async function refuseReadable(file: string): Promise<void> {
  const { mode } = await lstat(file).catch((cause: unknown) => {
    throw new DriverError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  });
  if ((mode & 0o077) === 0) return;
  throw new DriverError(`${file} holds a secret and others may read it; run chmod 600 ${file}`);
}

async function readEnvironment(file: string): Promise<Record<string, string>> {
  await refuseReadable(file);
  const lines = (await readFile(file, "utf8"))
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line, index) => {
      const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      throw new DriverError(`${file}: line ${index + 1} is not NAME=value`);
    }),
  );
}

/** What is no JSON is chatter that restic prints beside it. */
function objectsIn(line: string): object[] {
  try {
    const value: unknown = JSON.parse(line);
    return [value].flat().filter((one): one is object => typeof one === "object" && one !== null);
  } catch {
    return [];
  }
}
