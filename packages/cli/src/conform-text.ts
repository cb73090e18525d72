// What `outrigger conform` shows: a line per case as it ends, all there is to know of a failure, and the sum.
import {
  counts,
  describeExchanges,
  summaryOf,
  type CaseResult,
  type Headline,
  type RunResult,
} from "@outrigger/conformance";
import type { Address } from "@outrigger/engine";
import { count, paint, printable } from "./output.ts";

/** A case: one line, and below a failure what was wrong, the rule, the bytes and the line for the shell. */
export function describeCase(
  one: CaseResult,
  { headline, address }: { readonly headline: Headline; readonly address: Address },
): string[] {
  const id = one.id.padEnd(7);
  const left = one.left.map((what) => `        ${paint("yellow", `left behind: ${printable(what)}`)}`);
  if (one.status === "passed") return [`${paint("green", "pass")}  ${id} ${one.title}`, ...left];
  if (one.status === "skipped") {
    return [`${paint("dim", "skip")}  ${id} ${one.title}${paint("dim", `: ${printable(one.message)}`)}`, ...left];
  }
  const known = headline.allowed?.has(one.id) === true ? " (known)" : "";
  const mark = counts(one, headline) ? paint("red", "FAIL") : paint("yellow", "fail");
  return [
    `${mark}  ${id} ${one.severity}${known}: ${one.title}`,
    `        ${printable(one.message)}`,
    `        ${paint("dim", `rule: ${one.rule}`)}`,
    ...describeExchanges(one.exchanges, address).map((line) => `        ${paint("dim", line)}`),
    ...left,
  ];
}

/** The last lines: counts, what fails though it is a MUST, what is left behind. */
export function describeRun(run: RunResult, headline: Headline): string[] {
  const { passed, failed, skipped, allowed } = summaryOf(run.cases, headline);
  const known = allowed === 0 ? "" : ` (${allowed} known)`;
  const failing = run.cases.filter((one) => counts(one, headline)).map(({ id }) => id);
  const unneeded = run.cases.filter((one) => one.status === "passed" && headline.allowed?.has(one.id) === true);
  return [
    "",
    `${printable(headline.plugin)} (${run.protocols.map(printable).join(", ") || "no protocol of Docker"}): ` +
      `${passed} passed, ${failed} failed${known}, ${skipped} skipped`,
    ...(failing.length === 0 ? [] : [paint("red", `does not conform: ${failing.join(", ")}`)]),
    ...(unneeded.length === 0
      ? []
      : [`passes by now, and need not be allowed: ${unneeded.map(({ id }) => id).join(", ")}`]),
    ...(run.interrupted ? [paint("yellow", "the run was interrupted")] : []),
    ...(run.left.length === 0
      ? []
      : [
          paint("yellow", `${count(run.left.length, "thing")} could not be taken away:`),
          ...run.left.map((what) => `  ${printable(what)}`),
        ]),
  ];
}
