// outrigger conform: judges a plugin by the rules that the engines rely on.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  AllowListError,
  cases,
  conforms,
  jsonReport,
  junitReport,
  parseAllowList,
  runProfiles,
  tapReport,
  type CaseProfile,
  type EngineUnderTest,
  type Headline,
  type RunResult,
  type Setting,
} from "@outrigger/conformance";
import { parseAddress, type Address, type PluginEntry } from "@outrigger/engine";
import { run } from "@outrigger/linux";
import { Command, InvalidArgumentError, Option } from "commander";
import { messageOf, UsageError } from "./command-error.ts";
import { describeCase, describeRun } from "./conform-text.ts";
import { didYouMean } from "./did-you-mean.ts";
import { findPlugin } from "./find-plugin.ts";
import { columns, note, print, printJson } from "./output.ts";
import { restartByCommand, startPluginCommand } from "./plugin-under-test.ts";
import { parseMilliseconds, tlsFrom, withTarget, type TargetFlags } from "./target-flags.ts";

interface ConformFlags extends TargetFlags {
  readonly profile: "docker" | "podman" | "both";
  readonly only?: string[];
  readonly except?: string[];
  readonly option?: Readonly<Record<string, string>>;
  readonly allow?: string;
  readonly strict?: true;
  readonly chaos?: true;
  readonly slow?: true;
  readonly restartCommand?: string;
  readonly engine?: string;
  readonly engineRestartCommand?: string;
  readonly driver?: string;
  readonly image: string;
  readonly hostRoot?: string | false;
  readonly folder?: string;
  readonly secret?: string;
  readonly patience: number;
  readonly callLimit?: number;
  readonly json?: true;
  readonly format?: "text" | "json" | "tap" | "junit";
  readonly list?: true;
}

const help = `
The plugin is a name that the engine would find, the path of its socket, its .spec or .json file, or an address. It may be written in any language. Cases of protocols that it does not implement are left out; a case that cannot be judged here is skipped, with the reason.

MUST: the engine breaks without it. SHOULD: users get hurt. MAY: good manners. Exit code 1 when a MUST fails, by --strict also a SHOULD.

What a case makes is taken away after it, also after Ctrl-C; what cannot be is listed. Still, do not point it at a plugin whose data you need.

Examples:
  outrigger conform my-plugin
  outrigger conform unix:///run/docker/plugins/my.sock --only VOL --strict
  outrigger conform /tmp/my.sock --chaos -- ./my-plugin --socket /tmp/my.sock
  outrigger conform my-plugin --chaos --restart-command 'systemctl kill -s $OUTRIGGER_SIGNAL my; systemctl restart my'
  outrigger conform my-plugin --engine /var/run/docker.sock --image busybox
  outrigger conform my-plugin --allow known-failures.txt --format junit > conformance.xml
  outrigger conform --folder ./my-managed-plugin
  outrigger conform --list`;

/** Builds the verb. */
export function createCommand(): Command {
  const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), ...value.split(",")];
  return withTarget(new Command("conform"))
    .description("Judge a plugin, in any language, by the rules that the engines rely on.")
    .argument("[plugin]", "name, socket, .spec or .json file, or address")
    .argument("[command...]", "behind --: a command that serves the plugin; started for the run, ended with it")
    .addOption(
      new Option("--profile <caller>", "whose calls to send").choices(["docker", "podman", "both"]).default("docker"),
    )
    .option("--only <ids>", "only these cases, as in VOL or VOL-07,VOL-08 (repeatable)", collect)
    .option("--except <ids>", "not these (repeatable)", collect)
    .option("-o, --option <key=value>", "an option that every volume, network or pool needs (repeatable)", keyValue)
    .option("--allow <file>", "known failures, which do not count: one id a line, # for the reason")
    .option("--strict", "a SHOULD counts as a MUST does")
    .option("--chaos", "also kill the plugin between and during calls; needs a command or --restart-command")
    .option("--slow", "also cases that take half a minute and more")
    .option("--restart-command <line>", "ends the plugin by the signal $OUTRIGGER_SIGNAL and starts it again")
    .option("--engine <socket>", "also through this Docker Engine, which has the plugin")
    .option("--engine-restart-command <line>", "ends that engine by the signal $OUTRIGGER_SIGNAL and starts it again")
    .option("--driver <name>", "the plugin's name to that engine; its name here by default")
    .option("--image <image>", "an image with sh that the engine has, for cases with containers", "busybox")
    .option("--host-root <folder>", "where the plugin's root folder is seen from here, such as /proc/PID/root")
    .option("--no-host-root", "the plugin's mountpoints and interfaces are not seen from here")
    .option("--folder <folder>", "judge a managed plugin's folder, with config.json and rootfs, too, or alone")
    .option("--secret <name>", "a secret that the plugin gives to whoever asks, for cases of secret drivers")
    .option("--patience <ms>", "how long to wait for what a plugin does after its answer", parseMilliseconds, 2000)
    .option(
      "--call-limit <ms>",
      "give up a call after this time, where the engine would wait longer",
      parseMilliseconds,
    )
    .option("--json", "the same as --format json")
    .addOption(new Option("--format <format>", "how to report").choices(["text", "json", "tap", "junit"]))
    .option("--list", "list the cases and run none")
    .addHelpText("after", help)
    .action(conform);
}

async function conform(plugin: string | undefined, command: readonly string[], flags: ConformFlags): Promise<void> {
  if (flags.list) return list(flags);
  const folder = flags.folder === undefined ? undefined : resolve(flags.folder);
  const name = plugin ?? folder;
  if (name === undefined) throw new UsageError("name a plugin; see outrigger conform --help");
  checkIds([...(flags.only ?? []), ...(flags.except ?? [])]);
  const allowed = await readAllowList(flags.allow);
  const headline: Headline = { plugin: name, strict: flags.strict === true, ...(allowed && { allowed }) };

  const interruption = interruptible();
  // Without a plugin the folder is all there is to judge.
  const find = async (): Promise<string | PluginEntry> =>
    plugin === undefined ? name : findPlugin(plugin, flags, "engine");
  await using started = command.length === 0 ? undefined : await startPluginCommand(command, find);
  const restart =
    started?.restart ?? (flags.restartCommand === undefined ? undefined : restartByCommand(flags.restartCommand, find));
  if (flags.chaos && restart === undefined)
    throw new UsageError("--chaos has to restart the plugin; give its command behind --, or --restart-command");

  const setting = { ...settingOf(await find(), flags), signal: interruption.signal, ...(restart && { restart }) };
  const address = addressOf(setting);
  const format = flags.json ? "json" : (flags.format ?? "text");
  const live = format === "text" ? print : note;
  const result = await runProfiles(profilesOf(flags), setting, {
    ...(flags.only && { only: flags.only }),
    ...(flags.except && { except: flags.except }),
    onCase: (one) => live(...describeCase(one, { headline, address })),
  });
  report(result, { format, headline });
  process.exitCode = conforms(result, headline) ? 0 : 1;
}

function settingOf(target: string | PluginEntry, flags: ConformFlags): Omit<Setting, "profile"> {
  const { engine, hostRoot, option, callLimit, folder, secret } = flags;
  return {
    target,
    ...(typeof target === "string" ? tlsFrom(flags) : {}),
    patienceMs: flags.patience,
    makeFifo: async (path) => void (await run(["mkfifo", "-m", "700", path])),
    ...(folder !== undefined && { managedFolder: resolve(folder) }),
    ...(secret !== undefined && { secret }),
    ...(callLimit !== undefined && { callLimitMs: callLimit }),
    ...(option && { options: option }),
    // Commander says true where the flag was not given.
    ...(typeof hostRoot === "string" ? { hostRoot: resolve(hostRoot) } : hostRoot === false && { hostRoot }),
    ...(flags.slow && { slow: true }),
    ...(flags.chaos && { chaos: true }),
    ...(engine !== undefined && { engine: engineOf(resolve(engine), target, flags) }),
  };
}

function engineOf(socket: string, target: string | PluginEntry, flags: ConformFlags): EngineUnderTest {
  const line = flags.engineRestartCommand;
  return {
    socket,
    driver: flags.driver ?? nameOf(target),
    image: flags.image,
    ...(line !== undefined && { restart: restartByCommand(line, async () => `unix://${socket}`) }),
  };
}

function nameOf(target: string | PluginEntry): string {
  if (typeof target !== "string") return target.name;
  const [, name] = /^unix:\/\/.*\/([^/]+)\.sock$/.exec(target) ?? [];
  if (name !== undefined) return name;
  throw new UsageError("an address is no name to a Docker Engine; give --driver with the plugin's name");
}

function profilesOf({ profile }: ConformFlags): readonly CaseProfile[] {
  return profile === "both" ? ["docker", "podman"] : [profile];
}

/** Where a failed call was sent; a file without an address, and a folder, are not called. */
function addressOf({ target, managedFolder }: Pick<Setting, "target" | "managedFolder">): Address {
  if (typeof target !== "string") return target.address ?? { transport: "unix", path: target.file };
  if (target === managedFolder) return { transport: "unix", path: target };
  return parseAddress(target, { rules: "engine" }).address;
}

function report(result: RunResult, how: { format: "text" | "json" | "tap" | "junit"; headline: Headline }): void {
  const { format, headline } = how;
  if (format === "text") return print(...describeRun(result, headline));
  if (format === "json") return printJson(jsonReport(result, headline));
  print((format === "tap" ? tapReport : junitReport)(result, headline).trimEnd());
}

function list({ json, format }: ConformFlags): void {
  const known = cases.map(({ id, protocol, severity, title, rule, needs = [] }) => ({
    id,
    protocol,
    severity,
    title,
    rule,
    needs,
  }));
  if (json || format === "json") return printJson({ cases: known });
  print(...columns(known.map(({ id, severity, title }) => [id, severity, title])));
}

/** Ctrl-C ends the run, which takes away what it made; a second one ends the command at once. */
function interruptible(): AbortController {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      note("interrupted; taking away what was made");
      controller.abort(new Error(`the run was ended by ${signal}`));
      process.once(signal, () => process.exit(1));
    });
  }
  return controller;
}

function checkIds(ids: readonly string[]): void {
  const known = new Set(cases.flatMap(({ id }) => [id, id.split("-")[0] ?? id]));
  const wrong = ids.find((id) => !known.has(id));
  if (wrong === undefined) return;
  throw new UsageError(`there is no case "${wrong}"${didYouMean(wrong, [...known], "see outrigger conform --list")}`);
}

async function readAllowList(file: string | undefined): Promise<ReadonlySet<string> | undefined> {
  if (file === undefined) return undefined;
  try {
    return parseAllowList(await readFile(file, "utf8"), file);
  } catch (cause) {
    throw new UsageError(cause instanceof AllowListError ? cause.message : `${file}: ${messageOf(cause)}`, { cause });
  }
}

function keyValue(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write key=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
