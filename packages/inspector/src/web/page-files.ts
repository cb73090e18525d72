import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A file of the page, as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const folder = fileURLToPath(new URL("../../page/", import.meta.url));

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

/** Reads the page's files, each under its path; nothing else is ever served. */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const names = (await readdir(folder)).filter((name) => types[extname(name)] !== undefined);
  const files = names.map(async (name): Promise<[string, PageFile]> => [
    name === "index.html" ? "/" : `/${name}`,
    { type: types[extname(name)] ?? "", body: await readFile(join(folder, name)) },
  ]);
  return new Map(await Promise.all(files));
}
