// docs/conformance-cases.md: every case of the kit, and those of the contract that cannot be judged from outside.
import { cases, untold, type ConformanceCase } from "@outrigger/conformance";

const needs: Readonly<Record<string, string>> = {
  mountpoints: "sees the plugin's mountpoints, as root",
  links: "sees the plugin's network interfaces",
  restart: "`-- command` or `--restart-command`",
  engine: "`--engine`",
  slow: "`--slow`",
  chaos: "`--chaos`",
  folder: "the plugin's file or folder",
  fifo: "makes named pipes",
};

/** The page of all cases. */
export function conformancePages(): Map<string, string> {
  const bySubject = Map.groupBy(cases, ({ protocol }) => protocol);
  const text = `# Conformance cases

Written from the kit's own data by \`npm run docs\`. MUST: the engine breaks without it. SHOULD: users get hurt. MAY: good manners. [conformance.md](conformance.md) says how to run them.

${[...bySubject].map(([subject, of]) => `## ${subject}\n\n${tableOf(of)}`).join("\n\n")}

## Not judged

Rules of the protocols that nobody can judge from outside, and why.

| Id | Why |
|---|---|
${untold.map(({ id, why }) => `| ${id} | ${cell(why)} |`).join("\n")}
`;
  return new Map([["conformance-cases.md", text]]);
}

function tableOf(of: readonly ConformanceCase[]): string {
  const rows = of.map(({ id, severity, title, rule, needs: all = [] }) => {
    const asked = all.map((need) => needs[need] ?? need).join("; ");
    return `| ${id} | ${severity} | ${cell(title)} | ${cell(asked)} | ${cell(rule)} |`;
  });
  return ["| Id | | Rule | Needs | Source |", "|---|---|---|---|---|", ...rows].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
