import { errorThemes, type ErrorEntry } from "@outrigger/doctor";

/** docs/errors.md, from the data of packages/doctor. */
export function errorPages(): Map<string, string> {
  return new Map([["errors.md", pageOf(errorThemes)]]);
}

function pageOf(themes: Readonly<Record<string, readonly ErrorEntry[]>>): string {
  const number = Object.values(themes).flat().length;
  const contents = Object.entries(themes).map(
    ([theme, entries]) => `- ${theme}: ${entries.map(({ id }) => `[${id}](#${id})`).join(", ")}`,
  );
  const sections = Object.entries(themes).map(
    ([theme, entries]) => `## ${theme}\n\n${entries.map(sectionOf).join("\n")}`,
  );
  return `# What engines say about plugins, and what it means

${number} errors as Docker Engine prints them. Written from the data in packages/doctor/src/errors; change that, then run \`npm run docs\`. A terminal tells the same: \`outrigger explain "<error text>"\`.

Capitals in a text stand for a name that \`explain\` fills in from the error. An error often stands within another one: the innermost is the reason.

${contents.join("\n")}

${sections.join("\n")}`;
}

function sectionOf({ id, examples, means, why, remedy, source, wraps }: ErrorEntry): string {
  const texts = [means, why, remedy].map((text) =>
    text.replaceAll(/\{([a-z]+)\}/g, (_all, name: string) => name.toUpperCase()),
  );
  return `### ${id}

\`\`\`
${examples.join("\n")}
\`\`\`

${texts.join("\n\n")}

${wraps === true ? "Wraps its reason. " : ""}Read from \`${source}\`.
`;
}
