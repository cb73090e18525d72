// outrigger inspect: what one plugin says of itself.
import {
  CallError,
  engineDeadline,
  formatAddress,
  type PluginConnection,
  type PluginEntry,
  type RawReply,
  type TlsFacts,
} from "@outrigger/engine";
import { protocols, type Method, type ProtocolName, type Reply, type volumeDriver } from "@outrigger/protocol";
import { Command } from "commander";
import { formatCost, roundMilliseconds } from "./call-cost.ts";
import { connectTo, findPlugin } from "./find-plugin.ts";
import { didYouMean } from "./did-you-mean.ts";
import { columns, count, paint, print, printable, printJson } from "./output.ts";
import { parseMilliseconds, withTarget, type TargetFlags } from "./target-flags.ts";

interface InspectFlags extends TargetFlags {
  readonly deadline: number;
  readonly json?: true;
}

/** One question and what came of it. */
interface Answer {
  readonly method: string;
  /** Undefined where no reply came, as is the time. */
  readonly status: number | undefined;
  readonly milliseconds: number | undefined;
  readonly tls: TlsFacts | undefined;
  readonly reply: unknown;
  readonly error: CallError | undefined;
  /** The engine can do without an answer. */
  readonly optional: boolean;
}

interface Report {
  readonly plugin: string;
  readonly entry: PluginEntry | undefined;
  readonly address: string;
  readonly names: readonly string[];
  readonly answers: readonly Answer[];
  /** What the engine ignores or weakens. */
  readonly warnings: readonly string[];
}

const help = `
Sends the handshake, then to each protocol the calls that ask and change nothing, and shows each answer with its time
and share of the deadline that the engine gives it; the volumes; what TLS turned out to be; and what the engine ignores
or weakens in the plugin's file and handshake. The plugin is trusted as the engine would trust it.

Exit code 1 when a call fails that the engine needs, or when the handshake names nothing the engine knows.

Examples:
  outrigger inspect volume-local
  outrigger inspect /run/docker/plugins/other.sock --json
  outrigger inspect https://db1:4000 --tls-ca ca.pem --tls-cert client.pem --tls-key client-key.pem`;

const handshakePath = "Plugin.Activate";

/** Builds the verb. */
export function createCommand(): Command {
  return withTarget(new Command("inspect"))
    .description("Ask one plugin what it is and has.")
    .argument("<plugin>", "its name, or an address: unix:///path, /path, tcp://host:port, https://host:port")
    .option("--deadline <ms>", "how long to wait for each answer", parseMilliseconds, 5000)
    .option("--json", 'print {"name", "kind", "file", "address", "tls", "implements", "calls", "warnings"}')
    .addHelpText("after", help)
    .action(inspect);
}

async function inspect(plugin: string, flags: InspectFlags): Promise<void> {
  const found = await findPlugin(plugin, flags, "engine");
  await using connection = await connectTo(found, flags, { rules: "engine", deadlineMs: flags.deadline });
  const entry = typeof found === "string" ? undefined : found;

  const handshake = await ask(connection, { path: handshakePath, optional: entry?.kind === "managed" });
  if (handshake.error !== undefined && handshake.status === undefined) throw handshake.error;
  const names = namesIn(handshake);
  const questions = names.filter(isProtocol).flatMap(questionsFor);
  const answers = [
    handshake,
    ...(await Promise.all(
      questions.map(({ path, optional }) => ask(connection, { path, optional: optional !== undefined })),
    )),
  ];
  const warnings = [...(entry?.warnings ?? []), ...names.flatMap(warningsAbout)];
  const failed = answers.some(({ error, optional }) => error !== undefined && !optional);
  const useless = handshake.error === undefined && !names.some(isProtocol);
  if (failed || useless) process.exitCode = 1;

  const report: Report = { plugin, entry, address: formatAddress(connection.address), names, answers, warnings };
  if (flags.json) printJson(asJson(report));
  else print(...asText(report));
}

async function ask(connection: PluginConnection, question: { path: string; optional: boolean }): Promise<Answer> {
  const { path, optional } = question;
  let raw: RawReply | undefined;
  let reply: unknown;
  let error: CallError | undefined;
  try {
    raw = await connection.send(path, undefined, path === handshakePath ? { maxReplyBytes: 65_536 } : {});
    reply = connection.read(path, raw);
  } catch (cause) {
    if (!(cause instanceof CallError)) throw cause;
    error = cause;
  }
  return { method: path, status: raw?.status, milliseconds: raw?.milliseconds, tls: raw?.tls, reply, error, optional };
}

/** Each once, however often it is named. */
function namesIn(handshake: Answer): readonly string[] {
  // The codec of the handshake gives this field this type.
  return [...new Set((handshake.reply as { Implements: readonly string[] } | undefined)?.Implements)];
}

function isProtocol(name: string): name is ProtocolName {
  return Object.hasOwn(protocols, name);
}

/** The calls that change nothing; those of the other protocols all do, or need something to ask about. */
function questionsFor(name: ProtocolName): readonly Method[] {
  const { VolumeDriver, NetworkDriver, IpamDriver, LogDriver } = protocols;
  switch (name) {
    case "VolumeDriver":
      return [VolumeDriver.methods.capabilities, VolumeDriver.methods.list];
    case "NetworkDriver":
      return [NetworkDriver.methods.getCapabilities];
    case "IpamDriver":
      return [IpamDriver.methods.getCapabilities, IpamDriver.methods.getDefaultAddressSpaces];
    case "LogDriver":
      return [LogDriver.methods.capabilities];
    case "authz":
    case "MetricsCollector":
    case "secretprovider":
      return [];
  }
}

function warningsAbout(name: string): string[] {
  if (isProtocol(name)) return [];
  return [`Implements names "${name}", which the engine does not know${didYouMean(name, Object.keys(protocols))}`];
}

function asJson({ plugin, entry, address, names, answers, warnings }: Report): object {
  return {
    name: entry?.name ?? plugin,
    kind: entry?.kind ?? null,
    file: entry?.file ?? null,
    address,
    tls: answers[0]?.tls ?? null,
    implements: names,
    calls: answers.map(({ method, status, milliseconds, reply, error }) => ({
      method,
      status: status ?? null,
      milliseconds: milliseconds === undefined ? null : roundMilliseconds(milliseconds),
      engineDeadlineMs: engineDeadline(method, "docker") ?? null,
      reply: reply ?? null,
      error: error === undefined ? null : { code: error.code, text: error.text },
    })),
    warnings,
  };
}

function asText({ plugin, entry, address, names, answers, warnings }: Report): string[] {
  const facts = [
    ["file", entry?.file ?? ""],
    ["address", address],
    ...tlsLines(answers[0]?.tls),
    ["implements", names.join(", ") || "nothing"],
  ].filter(([, value]) => value !== "");
  const calls = answers.map(({ method, milliseconds, reply, error, optional }) => [
    method,
    milliseconds === undefined ? "-" : formatCost(milliseconds, engineDeadline(method, "docker")),
    error === undefined ? answerLine(method, reply) : paint(optional ? "yellow" : "red", printable(error.text)),
  ]);
  return [
    paint("bold", printable(entry?.name ?? plugin)),
    ...columns(facts.map(([name = "", value = ""]) => [`  ${name}`, printable(value)])),
    ...warnings.map((warning) => `  ${paint("yellow", printable(warning))}`),
    "",
    ...columns([["CALL", "TIME", "ANSWER"].map((title) => paint("bold", title)), ...calls]),
    ...volumeLines(answers),
  ];
}

function tlsLines(tls: TlsFacts | undefined): [string, string][] {
  if (tls === undefined) return [];
  const { protocol, trusted, certificate } = tls;
  const trust = trusted ? "certificate trusted" : "certificate not trusted, and not checked by the engine";
  if (certificate === undefined) return [["tls", `${protocol}, ${trust}`]];
  const { subject, issuer, names, validTo } = certificate;
  return [
    ["tls", `${protocol}, ${trust}`],
    ["certificate", `${subject} for ${names || "no name"}, issued by ${issuer}, until ${validTo.toISOString()}`],
  ];
}

function answerLine(method: string, reply: unknown): string {
  return method === "VolumeDriver.List" ? count(volumesIn(reply).length, "volume") : printable(JSON.stringify(reply));
}

function volumeLines(answers: readonly Answer[]): string[] {
  const volumes = volumesIn(answers.find(({ method }) => method === "VolumeDriver.List")?.reply);
  if (volumes.length === 0) return [];
  const head = ["VOLUME", "CREATED", "MOUNTPOINT"].map((title) => paint("bold", title));
  const rows = volumes.map(({ Name, CreatedAt, Mountpoint }) => [Name, CreatedAt ?? "-", Mountpoint || "-"]);
  return ["", ...columns([head, ...rows.map((row) => row.map(printable))])];
}

function volumesIn(reply: unknown): NonNullable<Reply<typeof volumeDriver, "list">["Volumes"]> {
  // The codec of List gives the reply this type.
  return (reply as Reply<typeof volumeDriver, "list"> | undefined)?.Volumes ?? [];
}
