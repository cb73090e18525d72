// Volumes that are being filled from outside: whole when they are there, or gone.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { VolumeInfo, VolumeVerbs } from "@outrigger/volume-core";
import { ProblemError } from "./problem.ts";

/** The label of a volume that was filled from outside; its value is the landing's own. */
const label = "outrigger.landing";

/** What is to be made, and what fills the folder. */
export interface Landing {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly fill: (folder: string) => Promise<void>;
}

/** Makes volumes from data that arrives; what a failure or a kill -9 left half-filled is removed. */
export class Landings {
  readonly #verbs: VolumeVerbs;
  readonly #folder: string;

  /** `folder` has a file for each volume that is being filled. */
  constructor(verbs: VolumeVerbs, folder: string) {
    this.#verbs = verbs;
    this.#folder = folder;
  }

  /** Makes a new volume and fills it. */
  async land({ name, options, fill }: Landing): Promise<VolumeInfo> {
    if (this.#verbs.find(name) !== undefined) {
      throw new ProblemError(409, `volume ${name} is there already; choose another name, or remove it first`);
    }
    const id = randomBytes(6).toString("hex");
    const file = join(this.#folder, id);
    const labels = [options["labels"], `${label}=${id}`].filter((text) => text !== undefined && text !== "").join(",");
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, name, { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
    try {
      await this.#verbs.create(name, { ...options, labels });
      {
        await using folder = await this.#verbs.openVolume(name);
        await fill(folder.path);
      }
      await rm(file);
      return this.#verbs.inspect(name);
    } catch (error) {
      await this.#undo(id, name);
      throw error;
    }
  }

  /** Removes what an earlier run left half-filled; says what could not be removed, and why. */
  async recover(): Promise<unknown[]> {
    const problems: unknown[] = [];
    for (const id of await readdir(this.#folder).catch(() => [])) {
      const name = await readFile(join(this.#folder, id), "utf8");
      await this.#undo(id, name).catch((error: unknown) => problems.push(error));
    }
    return problems;
  }

  async #undo(id: string, name: string): Promise<void> {
    const volume = this.#verbs.find(name);
    // Another volume by that name has another label, or none.
    if (volume?.labels[label] === id) {
      for (const { ID } of volume.holders) await this.#verbs.release(name, ID);
      await this.#verbs.remove(name, { policy: "delete" });
    }
    await rm(join(this.#folder, id), { force: true });
  }
}
