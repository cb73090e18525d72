const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size as people read it: `1.5 GiB`; `--json` has the exact number. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at] ?? ""}`;
}
