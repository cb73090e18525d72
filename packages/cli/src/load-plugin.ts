// From what the user calls a plugin to what its package or file exports.
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { definePlugin, type Plugin, type PluginModule } from "@outrigger/plugin";
import { EnvironmentError, messageOf, UsageError } from "./command-error.ts";
import { didYouMean } from "./did-you-mean.ts";

/**
 * Loads `volume-local` (our package of that name, else the package of that very name), `@acme/volumes`, or a file
 * given by a path, which is relative to `folder`. Packages are looked for where this command is installed, and never in
 * the working folder: root would run what lies there. Throws `UsageError` and `EnvironmentError`.
 */
export async function loadPlugin(reference: string, folder: string): Promise<PluginModule> {
  const url = /^(\.{0,2}\/)/.test(reference) ? fileUrl(reference, folder) : packageUrl(reference, folder);
  const exported = await importFrom(url, reference);
  const plugin = "plugin" in exported ? exported.plugin : undefined;
  if (isModule(plugin)) return plugin;
  if (isPlugin(plugin)) return asModule(plugin);
  throw new EnvironmentError(
    `${reference} is no plugin: it exports no "plugin" from definePlugin or definePluginModule; name another`,
  );
}

function fileUrl(reference: string, folder: string): string {
  const file = resolve(folder, reference);
  if (!existsSync(file)) throw new EnvironmentError(`no such file: ${file}; name another`);
  return pathToFileURL(file).href;
}

function packageUrl(reference: string, folder: string): string {
  if (!/^(@[\w.~-]+\/)?[\w~-][\w.~-]*$/.test(reference)) {
    throw new UsageError(`"${reference}" is neither a package's name nor a path; begin a path with ./ or /`);
  }
  const names = reference.startsWith("@") ? [reference] : [`@outrigger/${reference}`, reference];
  for (const name of names) {
    try {
      return import.meta.resolve(name);
    } catch (cause) {
      if (!isNotFound(cause)) throw cannotLoad(reference, cause);
    }
  }
  const hint = existsSync(resolve(folder, reference))
    ? `; write ./${reference} for the file`
    : didYouMean(reference, ours()) || "; install it beside outrigger with npm install";
  throw new EnvironmentError(`no package ${names.join(" or ")}${hint}`);
}

async function importFrom(url: string, reference: string): Promise<object> {
  try {
    // A module namespace is an object.
    return (await import(url)) as object;
  } catch (cause) {
    throw cannotLoad(reference, cause);
  }
}

function cannotLoad(reference: string, cause: unknown): EnvironmentError {
  return new EnvironmentError(`cannot load ${reference}: ${messageOf(cause)}`, { cause });
}

/** Our packages that are installed beside the command, by their short names. */
function ours(): string[] {
  const folders = createRequire(import.meta.url).resolve.paths("outrigger") ?? [];
  return folders
    .map((folder) => join(folder, "@outrigger"))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder));
}

/** A plugin without options, as a module. */
function asModule(plugin: Plugin): PluginModule {
  return {
    name: plugin.name,
    doc: "",
    options: {},
    open: async (_config, { name }) => ({
      ...definePlugin({ ...plugin, name }),
      [Symbol.asyncDispose]: async () => {},
    }),
  };
}

function isModule(value: unknown): value is PluginModule {
  return hasName(value) && "options" in value && "open" in value && typeof value.open === "function";
}

function isPlugin(value: unknown): value is Plugin {
  return hasName(value) && "drivers" in value && typeof value.drivers === "object";
}

function hasName(value: unknown): value is { readonly name: string } {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string";
}

function isNotFound(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND";
}
