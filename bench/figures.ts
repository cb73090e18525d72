import type { Side } from "./contenders.ts";

/** How a figure is read. */
export interface Kind {
  readonly unit: string;
  /** What ours must reach, as a part of Go's; more is better where `least`. */
  readonly ratio?: { readonly most: number } | { readonly least: number };
  /** What ours must stay under by itself. */
  readonly most?: number;
}

/** One line of the report: medians over all rounds, the ratio being the median of each round's. */
export interface Line {
  /** The unit at its end. */
  readonly name: string;
  readonly go: number;
  readonly ours: number;
  readonly ratio: number;
  /** `reached` or `missed`; missing where nothing was aimed at. */
  readonly target?: { readonly text: string; readonly reached: boolean };
}

/** A call to a program that does nothing but read and write. */
export interface Floor {
  readonly p50Us: number;
  readonly processorUs: number;
}

/** Collects what each round measured. */
export class Figures {
  readonly #floors = new Map<string, Floor[]>();
  readonly #rows = new Map<string, { kind: Kind; samples: Record<Side, number[]> }>();

  add(name: string, kind: Kind, sample: { side: Side; value: number }): void {
    const key = `${name}, ${kind.unit}`;
    const row = this.#rows.get(key) ?? { kind, samples: { go: [], ours: [] } };
    row.samples[sample.side].push(sample.value);
    this.#rows.set(key, row);
  }

  /** What neither side can get under. */
  addFloor(name: string, floor: Floor): void {
    this.#floors.set(name, [...(this.#floors.get(name) ?? []), floor]);
  }

  floors(): ({ name: string } & Floor)[] {
    return [...this.#floors].map(([name, floors]) => ({
      name,
      p50Us: median(floors.map(({ p50Us }) => p50Us)),
      processorUs: median(floors.map(({ processorUs }) => processorUs)),
    }));
  }

  lines(): Line[] {
    return [...this.#rows].map(([name, { kind, samples }]) => {
      const ours = median(samples.ours);
      const ratio = median(samples.ours.map((value, round) => value / (samples.go[round] ?? Number.NaN)));
      const target = targetOf(kind, { ours, ratio });
      return { name, go: median(samples.go), ours, ratio, ...(target && { target }) };
    });
  }
}

/** The middle one of some numbers. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The report as a Markdown table. */
export function tableOf(lines: readonly Line[]): string {
  const rows = lines.map(({ name, go, ours, ratio, target }) => [
    name,
    shown(go),
    shown(ours),
    Number.isNaN(ratio) ? "" : ratio.toFixed(2),
    target === undefined ? "" : `${target.text}: ${target.reached ? "reached" : "missed"}`,
  ]);
  const head = ["", "Go", "ours", "ratio", "target"];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 || column === 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line)].join("\n");
}

function targetOf(kind: Kind, { ours, ratio }: { ours: number; ratio: number }): Line["target"] {
  if (kind.most !== undefined) return { text: `≤ ${kind.most} ${kind.unit}`, reached: ours <= kind.most };
  if (kind.ratio === undefined) return undefined;
  return "most" in kind.ratio
    ? { text: `≤ ${kind.ratio.most}`, reached: ratio <= kind.ratio.most }
    : { text: `≥ ${kind.ratio.least}`, reached: ratio >= kind.ratio.least };
}

function shown(value: number): string {
  if (Number.isNaN(value)) return "";
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value.toFixed(1);
}
