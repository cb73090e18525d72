// Lines of a report in which every figure stands beside its peer of the same run.

/** What two sides took or did, round by round. */
export interface Samples {
  readonly ours: readonly number[];
  readonly peer: readonly number[];
}

/** What a figure is to reach: by itself, or as a part of the peer's. */
interface Aim {
  readonly of: "ours" | "ratio";
  readonly most?: number;
  readonly least?: number;
}

/** One line of the report. */
export interface Row {
  readonly figure: string;
  /** The unit of both values; it stands at the end of the figure's name. */
  readonly unit: string;
  readonly ours: number;
  readonly peer?: { readonly name: string; readonly value: number } | undefined;
  /** The median of each round's ratio. */
  readonly ratio?: number | undefined;
  /** The quarter of the rounds' ratios that is lowest ends at the first, the highest begins at the second. */
  readonly spread?: readonly [number, number] | undefined;
  readonly aim?: { readonly text: string; readonly reached: boolean } | undefined;
}

/** What a line is called, and what it is held to. */
export interface Title {
  readonly figure: string;
  readonly unit: string;
  readonly peer: string;
  readonly aim?: Aim | undefined;
}

/** A line out of alternating rounds. */
export function compared({ figure, unit, peer, aim }: Title, samples: Samples): Row {
  const ratios = samples.ours.map((value, round) => value / (samples.peer[round] ?? Number.NaN));
  const row = {
    figure,
    unit,
    ours: median(samples.ours),
    peer: { name: peer, value: median(samples.peer) },
    ratio: median(ratios),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)] as const,
  };
  return { ...row, aim: judged(aim, row) };
}

/** A line that has no peer. */
export function alone({ figure, unit, aim }: Omit<Title, "peer">, samples: readonly number[]): Row {
  const ours = median(samples);
  return { figure, unit, ours, aim: judged(aim, { ours, ratio: Number.NaN }) };
}

/** The report as a Markdown table. */
export function rowsTable(rows: readonly Row[]): string {
  const lines = rows.map(({ figure, unit, ours, peer, ratio, spread, aim }) => [
    `${figure}, ${unit}`,
    shown(ours),
    peer === undefined ? "" : `${shown(peer.value)} (${peer.name})`,
    ratio === undefined ? "" : ratio.toFixed(2),
    spread === undefined ? "" : `${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}`,
    aim === undefined ? "" : `${aim.text}: ${aim.reached ? "reached" : "missed"}`,
  ]);
  const head = ["", "ours", "peer", "ratio", "half of the rounds", "aim"];
  return [head, ["---", "--:", "--:", "--:", "--:", "---"], ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** The value that the given part of some numbers does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function judged(aim: Aim | undefined, row: { readonly ours: number; readonly ratio: number }): Row["aim"] {
  if (aim === undefined) return undefined;
  const value = row[aim.of];
  if (aim.most !== undefined) return { text: `≤ ${aim.most}`, reached: value <= aim.most };
  return { text: `≥ ${aim.least}`, reached: value >= (aim.least ?? Number.NaN) };
}

function shown(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(value < 10 ? 2 : 1);
}
