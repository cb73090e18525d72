import type { CallRecord, Hooks } from "./hooks.ts";

/** Counts what a plugin does; give it to `serve` as hooks and its text to whoever scrapes. */
export interface Metrics extends Hooks {
  /** The figures in the Prometheus text format, version 0.0.4; `plugin` becomes a label where given. */
  readonly text: (plugin?: string) => string;
}

/** Upper bounds in seconds, up to the two minutes that the engine gives Mount. */
const bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 30, 60, 120];

interface Series {
  inFlight: number;
  errors: number;
  count: number;
  seconds: number;
  /** One per bound, not cumulative; longer calls are in none. */
  readonly buckets: number[];
}

/** Starts counting: calls, failures, calls in flight and a histogram of durations for each method. */
export function createMetrics(): Metrics {
  // The plugin's own methods at most: a path that nothing implements does not get a series of its own.
  const byPath = new Map<string, Series>();
  const seriesOf = (path: string): Series => {
    const known = byPath.get(path);
    if (known !== undefined) return known;
    const series = { inFlight: 0, errors: 0, count: 0, seconds: 0, buckets: bounds.map(() => 0) };
    byPath.set(path, series);
    return series;
  };
  return {
    onCallStart: (path) => void seriesOf(path).inFlight++,
    onCallEnd: (record) => {
      const series = seriesOf(record.method?.path ?? "unknown");
      if (record.method !== undefined) series.inFlight--;
      count(series, record);
    },
    text: (plugin) => format(byPath, plugin),
  };
}

function count(series: Series, { error, milliseconds }: CallRecord): void {
  const seconds = milliseconds / 1000;
  series.count++;
  series.seconds += seconds;
  if (error !== undefined) series.errors++;
  const bucket = bounds.findIndex((bound) => seconds <= bound);
  if (bucket >= 0) series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
}

function format(byPath: ReadonlyMap<string, Series>, plugin: string | undefined): string {
  const label = plugin === undefined ? "" : `plugin="${plugin}",`;
  const rows = [...byPath].map(([path, series]) => ({ labels: `${label}method="${path}"`, series }));
  const simple = (name: string, value: (series: Series) => number): string[] =>
    rows.map(({ labels, series }) => `${name}{${labels}} ${value(series)}`);
  return [
    ...head("outrigger_calls_total", "counter", "Calls answered."),
    ...simple("outrigger_calls_total", ({ count }) => count),
    ...head("outrigger_call_errors_total", "counter", "Calls answered with an error."),
    ...simple("outrigger_call_errors_total", ({ errors }) => errors),
    ...head("outrigger_calls_in_flight", "gauge", "Calls without an answer yet."),
    ...simple("outrigger_calls_in_flight", ({ inFlight }) => inFlight),
    ...head("outrigger_call_duration_seconds", "histogram", "From a request's arrival to its answer."),
    ...rows.flatMap(({ labels, series }) => histogram("outrigger_call_duration_seconds", labels, series)),
    "",
  ].join("\n");
}

function head(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function histogram(name: string, labels: string, { buckets, count, seconds }: Series): string[] {
  let sum = 0;
  const lines = bounds.map((bound, index) => {
    sum += buckets[index] ?? 0;
    return `${name}_bucket{${labels},le="${bound}"} ${sum}`;
  });
  return [
    ...lines,
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${seconds}`,
    `${name}_count{${labels}} ${count}`,
  ];
}
