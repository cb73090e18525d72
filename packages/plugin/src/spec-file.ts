import { readFileSync, unlinkSync } from "node:fs";
import { link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { basename, dirname, extname, join, resolve } from "node:path";
import { releaseOnExit } from "./on-exit.ts";
import { ServeError } from "./serve-error.ts";

/** The name under which the engine knows a spec file's plugin; throws `ServeError` where it would not look at the file. */
export function specName(file: string, extension: ".spec" | ".json"): string {
  const name = basename(file, extension);
  if (extname(file) === extension && name !== "") return name;
  throw new ServeError("bad-address", `the engine finds ${file} only if its name ends in ${extension}; rename it`);
}

/**
 * Writes a spec file, whole or not at all, and returns what removes it again if it still says the same. A file that
 * is there already is left alone and refused, unless it says exactly this: then a killed run left it behind.
 */
export async function writeSpecFile(file: string, content: string): Promise<() => void> {
  const path = resolve(file);
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString("hex")}`);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  try {
    await writeFile(draft, content, { mode: 0o644, flush: true, flag: "wx" });
    if (readIfThere(path) === content) await rename(draft, path);
    else await link(draft, path);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    throw new ServeError("address-in-use", `${path} exists and says something else; remove it or choose another name`, {
      cause,
    });
  } finally {
    await rm(draft, { force: true });
  }
  return releaseOnExit(() => {
    if (readIfThere(path) === content) unlinkSync(path);
  });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
