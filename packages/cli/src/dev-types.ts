// The types of a plugin's files, by the TypeScript that its project has installed.
import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { run } from "@outrigger/linux";

/**
 * Errors that the project's own `tsc` finds in these files; none where the project has no tsc or no tsconfig.json.
 * Throws where tsc cannot say.
 */
export async function findTypeErrors(files: readonly string[], signal: AbortSignal): Promise<string[]> {
  const [first] = files;
  const config = first && findUpwards(dirname(first), "tsconfig.json");
  const tsc = config && findUpwards(dirname(config), "node_modules/.bin/tsc");
  if (!config || !tsc) return [];
  const folder = dirname(config);
  const { stdout } = await run([tsc, "--noEmit", "--pretty", "false", "--project", config], {
    cwd: folder,
    signal,
    env: definedOnly(process.env),
    accept: [0, 1, 2],
  });
  const lines = stdout.split("\n");
  const general = lines.find((line) => line.startsWith("error "));
  if (general !== undefined) throw new Error(`${tsc}: ${general}`);
  return lines.flatMap((line) => {
    const [, name = "", at = "", text = ""] = /^(.+)\((\d+,\d+)\): error (.*)$/.exec(line) ?? [];
    const file = resolve(folder, name);
    return files.includes(file) ? [`${relative(process.cwd(), file)}:${at.replace(",", ":")}: ${text}`] : [];
  });
}

/** The environment without its holes, as a child gets it. */
export function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function findUpwards(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return join(folder, name);
    if (folder === dirname(folder)) return undefined;
  }
}
