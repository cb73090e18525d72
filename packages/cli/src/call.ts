// outrigger call: one call to one plugin, as the engine would send it.
import {
  CallError,
  engineDeadline,
  formatAddress,
  parseFirstJson,
  type CallOptions,
  type PluginConnection,
  type Profile,
  type RawReply,
  type StreamedReply,
} from "@outrigger/engine";
import { decodeLogEntries } from "@outrigger/protocol";
import { Command, Option } from "commander";
import { formatCost, roundMilliseconds } from "./call-cost.ts";
import { requestFrom } from "./call-request.ts";
import { exitCodeOf } from "./command-error.ts";
import { allMethods, findMethod } from "./find-method.ts";
import { connectTo, findPlugin } from "./find-plugin.ts";
import { note, paint, print, printable, printJson } from "./output.ts";
import { parseMilliseconds, withTarget, type TargetFlags } from "./target-flags.ts";

interface CallFlags extends TargetFlags {
  readonly raw?: true;
  readonly engine?: Profile;
  readonly deadline?: number;
  readonly json?: true;
}

const help = (): string => `
The request is JSON: as it stands, from standard input (-), or from a file (@file). It is checked against the
protocol before it is sent. Left out, the method gets the body the engine sends when there is nothing to say.

The reply goes to standard output. Its status, time, and share of the deadline that the engine gives this call go to
standard error. Exit code 1 when the plugin answered an error or nothing that the engine could use.

Methods, by kind; the kind may be left out where the rest is enough:
${methodList()}

Examples:
  outrigger call volume-local List
  outrigger call volume-local Create '{"Name": "data", "Opts": {"uid": "1000"}}'
  echo '{"Name": "data", "ID": "a"}' | outrigger call volume-local Mount -
  outrigger call unix:///run/docker/plugins/other.sock Plugin.Activate --engine docker-20.10
  outrigger call other VolumeDriver.Create '{"Name": 7}' --raw`;

/** Builds the verb. */
export function createCommand(): Command {
  return withTarget(new Command("call"))
    .description("Send one call to a plugin and show what it answers.")
    .argument("<plugin>", "its name, or an address: unix:///path, /path, tcp://host:port, https://host:port")
    .argument("<method>", "Kind.Method, such as VolumeDriver.Mount")
    .argument("[request]", "JSON, - or @file")
    .addOption(
      new Option("--engine <engine>", "send what this caller sends, and trust what it trusts").choices([
        "docker",
        "docker-20.10",
        "podman",
      ]),
    )
    .option("--raw", "send any method and any text, unchecked")
    .option(
      "--deadline <ms>",
      "how long to wait; the engine's own deadline, or 30 s where it has none",
      parseMilliseconds,
    )
    .option(
      "--json",
      'print {"method", "address", "engine", "status", "milliseconds", "engineDeadlineMs", "reply", "error"}',
    )
    .addHelpText("after", help)
    .action((...typed: [plugin: string, method: string, request: string | undefined, flags: CallFlags]) => {
      const [plugin, method, request, flags] = typed;
      return call({ plugin, method, request }, flags);
    });
}

/** The arguments as they were typed. */
interface Typed {
  readonly plugin: string;
  readonly method: string;
  readonly request: string | undefined;
}

async function call(typed: Typed, flags: CallFlags): Promise<void> {
  const method = flags.raw ? undefined : findMethod(typed.method);
  const path = method?.path ?? typed.method.replace(/^\//, "");
  const request = await requestFrom(typed.request, method);
  // Without --engine we are nobody's engine, and trust only what can be checked.
  const rules = flags.engine === undefined ? "strict" : "engine";
  const found = await findPlugin(typed.plugin, flags, rules);
  await using connection = await connectTo(found, flags, { profile: flags.engine ?? "docker", rules });
  const options: CallOptions = flags.deadline === undefined ? {} : { deadlineMs: flags.deadline };

  if (method?.streams === "reply") return await showEntries(await connection.stream(path, request, options), flags);
  let reply: RawReply | undefined;
  let error: CallError | undefined;
  try {
    reply = await connection.send(path, request, options);
    connection.read(path, reply);
  } catch (cause) {
    if (!(cause instanceof CallError)) throw cause;
    error = cause;
  }
  show({ path, connection, reply, error }, flags);
}

interface Outcome {
  readonly path: string;
  readonly connection: PluginConnection;
  readonly reply: RawReply | undefined;
  readonly error: CallError | undefined;
}

function show({ path, connection, reply, error }: Outcome, flags: CallFlags): void {
  const { address, profile } = connection;
  const engineDeadlineMs = engineDeadline(path, profile);
  const body = reply?.body.toString("utf8") ?? "";
  if (flags.json) {
    if (error !== undefined) process.exitCode = exitCodeOf(error);
    return printJson({
      method: path,
      address: formatAddress(address),
      engine: profile,
      status: reply?.status ?? null,
      milliseconds: reply === undefined ? null : roundMilliseconds(reply.milliseconds),
      engineDeadlineMs: engineDeadlineMs ?? null,
      reply: jsonIn(body) ?? null,
      error: error === undefined ? null : { code: error.code, text: error.text },
    });
  }
  if (reply !== undefined) {
    note(paint("dim", `${reply.status} in ${formatCost(reply.milliseconds, engineDeadlineMs)}`, process.stderr));
  }
  if (error !== undefined) throw error;
  printJson(jsonIn(body));
}

async function showEntries(reply: StreamedReply, flags: CallFlags): Promise<void> {
  for await (const { source, timeNano, line, partial } of decodeLogEntries(reply.stream)) {
    const time = new Date(Number(timeNano / 1_000_000n)).toISOString();
    const text = Buffer.from(line).toString("utf8").replace(/\n$/, "");
    print(flags.json ? JSON.stringify({ time, source, partial, text }) : `${time} ${printable(`${source} ${text}`)}`);
  }
}

/** The first value in a text, as the engine would take it; undefined for what is no JSON. */
function jsonIn(text: string): unknown {
  try {
    return parseFirstJson(text).value;
  } catch {
    return undefined;
  }
}

function methodList(): string {
  const byKind = Map.groupBy(allMethods(), ({ path }) => path.slice(0, path.indexOf(".")));
  return [...byKind]
    .map(([kind, methods]) => `  ${kind}: ${methods.map(({ path }) => path.slice(kind.length + 1)).join(", ")}`)
    .join("\n");
}
