import { stripVTControlCharacters, styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Writes lines to standard output. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

/** Writes lines to standard error: what accompanies an answer but is no part of it. */
export function note(...lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
}

/** Writes one value as JSON that people can read too; what could upset a terminal is escaped. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2).replaceAll(/(?!\n)[\p{C}\u2028\u2029]/gu, escapeUnits));
}

/** One value as JSON on one line; what could upset a terminal is escaped. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[\p{C}\u2028\u2029]/gu, escapeUnits);
}

function escapeUnits(char: string): string {
  return Array.from({ length: char.length }, (_, at) => char.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
    .join("");
}

/** Colours for a terminal that wants them (NO_COLOR is honoured); the text itself anywhere else. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

/** Text from elsewhere, made harmless for a terminal: control and direction characters are shown as escapes. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\u2028\u2029]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Rows with their columns lined up; the last column is left as it is. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
  }
  const pad = (cell: string, index: number): string => cell + " ".repeat((widths[index] ?? 0) - widthOf(cell));
  return rows.map((row) => row.map((cell, index) => (index === row.length - 1 ? cell : pad(cell, index))).join("  "));
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length;
}

/** `1 plugin`, `2 plugins`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
