// A managed plugin's folder as `docker plugin create` takes it: config.json and rootfs.
import { constants, type Stats } from "node:fs";
import { lstat, readFile, readlink, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fieldOf, isObject, type JsonObject } from "../json-field.ts";
import type { Trial } from "../trial.ts";
import { Violation } from "../violation.ts";

/** The path of the folder. */
function folderOf(trial: Trial): string {
  return trial.setting.managedFolder ?? trial.skip("no managed plugin's folder was given");
}

const mostConfigBytes = 1024 * 1024;

/** Reads config.json; throws `Violation` where the engine could not. */
export async function readConfig(trial: Trial): Promise<JsonObject> {
  const file = join(folderOf(trial), "config.json");
  try {
    const found = await stat(file);
    // Opening a pipe would wait for its other end.
    if (!found.isFile()) throw new Error("is no regular file");
    if (found.size > mostConfigBytes) throw new Error("is over 1 MiB");
    const config: unknown = JSON.parse(await readFile(file, "utf8"));
    if (isObject(config)) return config;
  } catch (cause) {
    throw new Violation(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  throw new Violation(`${file} has to hold a JSON object`);
}

/** The entries of a list in config.json; none where it is no list. */
export function listOf(config: JsonObject, ...path: readonly string[]): readonly unknown[] {
  const list = fieldOf(config, ...path);
  return Array.isArray(list) ? list : [];
}

/** What stands at a path of the rootfs, links followed within it as the plugin would; undefined where nothing does. */
export async function inRootfs(trial: Trial, path: string): Promise<Stats | undefined> {
  const root = resolve(folderOf(trial), "rootfs");
  let left = path.split("/").filter(Boolean);
  let at = "/";
  for (let links = 0; left.length > 0;) {
    const [name = "", ...rest] = left;
    const next = resolve("/", at, name);
    const found = await lstat(join(root, next)).catch(() => undefined);
    if (found === undefined) return undefined;
    left = rest;
    if (!found.isSymbolicLink()) {
      at = next;
      continue;
    }
    if ((links += 1) > mostLinks) return undefined;
    const to = resolve(dirname(next), await readlink(join(root, next)));
    left = [...to.split("/").filter(Boolean), ...rest];
    at = "/";
  }
  return lstat(join(root, at)).catch(() => undefined);
}

/** As the kernel. */
const mostLinks = 40;

/** Whether a file can be executed by root. */
export function isExecutable(found: Stats | undefined): boolean {
  return found?.isFile() === true && (found.mode & (constants.S_IXUSR | constants.S_IXGRP | constants.S_IXOTH)) !== 0;
}
