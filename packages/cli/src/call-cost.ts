/** What a call took beside what the engine would have waited: `3.1 ms, 0.003 % of 120 s`. */
export function formatCost(milliseconds: number, engineDeadlineMs: number | undefined): string {
  const took = formatMilliseconds(milliseconds);
  if (engineDeadlineMs === undefined) return `${took}, no deadline`;
  return `${took}, ${formatShare(milliseconds / engineDeadlineMs)} of ${engineDeadlineMs / 1000} s`;
}

/** Milliseconds to the microsecond, for JSON. */
export function roundMilliseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

/** `0.84 ms`, `12.3 ms`, `1.52 s`. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 1)} ms`;
}

function formatShare(share: number): string {
  const percent = share * 100;
  if (percent < 0.001) return "under 0.001 %";
  return `${percent >= 1 ? percent.toFixed(0) : percent.toPrecision(1)} %`;
}
