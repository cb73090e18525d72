// A run for programs: JSON, TAP version 14 and JUnit's XML.
import type { CaseResult, RunResult } from "../run.ts";
import { counts, summaryOf, type Judgement } from "./summary.ts";

/** What the reports say of the run as a whole. */
export interface Headline extends Judgement {
  /** The plugin as the user named it. */
  readonly plugin: string;
}

/** `{plugin, address, protocols, summary, cases, left}`; `allowed` marks a failure that was known before. */
export function jsonReport(run: RunResult, headline: Headline): object {
  const { passed, failed, skipped, allowed } = summaryOf(run.cases, headline);
  return {
    plugin: headline.plugin,
    address: run.address,
    protocols: run.protocols,
    summary: {
      passed,
      failed,
      skipped,
      ...(allowed > 0 && { allowed }),
      ...(run.interrupted && { interrupted: true }),
    },
    cases: run.cases.map(({ id, protocol, severity, status, title, message, rule }) => ({
      id,
      protocol,
      severity,
      status,
      title,
      message,
      rule,
      ...(status === "failed" && headline.allowed?.has(id) === true && { allowed: true }),
    })),
    left: run.left,
  };
}

/** A failure that does not count is marked TODO, so that a reader of TAP goes by the same judgement. */
export function tapReport(run: RunResult, headline: Headline): string {
  const lines = run.cases.flatMap((one, index) => {
    const start = `${one.status === "failed" ? "not ok" : "ok"} ${index + 1} - ${tapText(`${one.id} ${one.title}`)}`;
    if (one.status === "skipped") return [`${start} # SKIP ${oneLine(one.message)}`];
    if (one.status === "passed") return [start];
    const todo = counts(one, headline) ? "" : ` # TODO ${whyNotCounted(one, headline)}`;
    const details = { severity: one.severity, message: one.message, rule: one.rule };
    return [
      start + todo,
      "  ---",
      ...Object.entries(details).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
      "  ...",
    ];
  });
  const bail = run.interrupted ? ["Bail out! the run was interrupted"] : [];
  return ["TAP version 14", `1..${run.cases.length}`, ...lines, ...bail, ""].join("\n");
}

/** One suite per protocol. A failure that does not count is a skipped test, as JUnit knows no third way. */
export function junitReport(run: RunResult, headline: Headline): string {
  const suites = Map.groupBy(run.cases, ({ protocol }) => protocol);
  const xml = [...suites].flatMap(([protocol, cases]) => {
    const failures = cases.filter((one) => counts(one, headline)).length;
    const skipped = cases.filter(({ status }) => status !== "passed").length - failures;
    return [
      `  <testsuite name="${escaped(protocol)}" tests="${cases.length}" failures="${failures}" skipped="${skipped}">`,
      ...cases.map((one) => `    ${junitCase(one, headline)}`),
      "  </testsuite>",
    ];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escaped(headline.plugin)}">`,
    ...xml,
    "</testsuites>",
    "",
  ].join("\n");
}

function junitCase(one: CaseResult, judgement: Judgement): string {
  const start = `<testcase classname="${escaped(one.protocol)}" name="${escaped(`${one.id} ${one.title}`)}"`;
  if (one.status === "passed") return `${start}/>`;
  if (counts(one, judgement)) {
    const text = `${one.severity}, see ${one.rule}`;
    return `${start}><failure message="${escaped(one.message)}">${escaped(text)}</failure></testcase>`;
  }
  const why = one.status === "failed" ? `${whyNotCounted(one, judgement)}: ${one.message}` : one.message;
  return `${start}><skipped message="${escaped(why)}"/></testcase>`;
}

function whyNotCounted(one: CaseResult, { allowed }: Judgement): string {
  return allowed?.has(one.id) === true ? "a known failure" : `a ${one.severity}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

function tapText(text: string): string {
  return oneLine(text).replaceAll(/[\\#]/g, String.raw`\$&`);
}

/** XML 1.0 has no control characters, not even escaped ones. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll(/[&<>"'\n\r\t]/g, (char) => `&#${char.charCodeAt(0)};`);
}
