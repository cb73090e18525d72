// outrigger init: begin a plugin of one's own.
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { Argument, Command } from "commander";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { isTaken, kinds, projectFiles, useOf, type Kind } from "./init-project.ts";
import { print, printJson } from "./output.ts";

interface InitFlags {
  readonly name?: string;
  readonly json?: true;
}

const help = `
The project is one driver that works, a test that calls it as the engine does, and what npm and TypeScript need:
  volume   volumes that are folders; what survives a crash is taken care of
  network  a bridge for each network, a pair of links for each container
  ipam     subnets and addresses, IPv4 and IPv6
  authz    rules for requests to the engine
  log      what containers print, in files that \`docker logs\` reads back
It is there as a whole or not at all, and never in a folder that has something in it.

Examples:
  outrigger init volume my-volumes
  outrigger init log ./plugins/archive --name acme-archive
  outrigger init authz --json`;

/** Builds the verb. */
export function createCommand(): Command {
  return new Command("init")
    .description("Begin a plugin of your own: a small project that runs, passes its test and type-checks as it stands.")
    .addArgument(new Argument("<kind>", "what it is to provide").choices(kinds))
    .argument("[folder]", "where (default: ./my-<kind>)")
    .option("--name <name>", "what the engine is to call it (default: the folder's name)")
    .option("--json", 'print {"kind", "name", "folder", "files", "next"}')
    .addHelpText("after", help)
    .action(init);
}

async function init(kind: Kind, folder: string | undefined, flags: InitFlags): Promise<void> {
  const target = resolve(folder ?? `my-${kind}`);
  const name = flags.name ?? basename(target);
  checkName(kind, name);
  if (target === process.cwd()) throw new UsageError("the working folder cannot be replaced; name a new folder in it");
  const files = projectFiles(kind, name);
  await writeProject(target, files);
  const next = [`cd ${shown(target)}`, "npm install", "npm test", "npm run dev", useOf(kind, name)];
  if (flags.json) return printJson({ kind, name, folder: target, files: [...files.keys()], next });
  print(`${shown(target)}: ${[...files.keys()].join(", ")}`, "", "Next:", ...next.map((command) => `  ${command}`));
}

/** Good as the name of a socket, of a package, and of a plugin that the engine looks for. */
function checkName(kind: Kind, name: string): void {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) {
    throw new UsageError(
      `"${name}" cannot be the name of a plugin and of a package; use up to 63 small letters, digits, ".", "_" and "-", a letter or digit first, with --name`,
    );
  }
  if (isTaken(kind, name)) throw new UsageError(`"${name}" is the engine's own; choose another name with --name`);
}

/** Writes all of it beside its place, and puts it there in one step: rename(2) replaces nothing but an empty folder. */
async function writeProject(target: string, files: ReadonlyMap<string, string>): Promise<void> {
  const parent = dirname(target);
  try {
    await mkdir(parent, { recursive: true });
    const made = await mkdtemp(join(parent, `.${basename(target)}-`));
    try {
      for (const [path, text] of files) await writeFile(join(made, path), text);
      await chmod(made, 0o777 & ~process.umask());
      await rename(made, target);
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  } catch (cause) {
    throw await explain(target, cause);
  }
}

async function explain(target: string, cause: unknown): Promise<Error> {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOTEMPTY" || code === "EEXIST") {
    const [first = ""] = await readdir(target).catch(() => []);
    return new UsageError(`${shown(target)} is not empty (${first} is there); name a new folder`, { cause });
  }
  if (code === "ENOTDIR") return new UsageError(`${shown(target)} is no folder; name a new one`, { cause });
  return new EnvironmentError(`${shown(target)} cannot be written: ${messageOf(cause)}; name another folder`, {
    cause,
  });
}

/** As it is typed from here. */
function shown(folder: string): string {
  const path = relative(process.cwd(), folder);
  return path.startsWith("..") ? folder : path;
}
