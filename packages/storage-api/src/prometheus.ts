import type { StorageHouse } from "./operation.ts";

/** Volumes by state, usage, operations and the age of backups, in the Prometheus text format 0.0.4. */
export function metricsText({ name, verbs, jobs, backups }: StorageHouse): string {
  const volumes = verbs.list();
  const byState = Map.groupBy(volumes, ({ state }) => state);
  const byJob = Map.groupBy(jobs.list(), ({ kind, state }) => `kind="${kind}",state="${state}"`);
  const plugin = `plugin="${escape(name)}"`;
  const ofVolume = (volume: string): string => `${plugin},volume="${escape(volume)}"`;
  const last = [...(backups?.last ?? [])].filter(([volume]) => volumes.some(({ name }) => name === volume));
  return [
    ...family(
      "outrigger_volumes",
      "Volumes by state.",
      [...byState].map(([state, of]) => [`${plugin},state="${state}"`, of.length]),
    ),
    ...family(
      "outrigger_volume_used_bytes",
      "What a volume's files took when it was measured last.",
      volumes.flatMap(({ name, usage }) => (usage === undefined ? [] : [[ofVolume(name), usage.usedBytes]])),
    ),
    ...family(
      "outrigger_volume_limit_bytes",
      "What a volume may take.",
      volumes.flatMap(({ name, sizeBytes }) => (sizeBytes === undefined ? [] : [[ofVolume(name), sizeBytes]])),
    ),
    ...family(
      "outrigger_volume_holders",
      "How many hold a volume mounted.",
      volumes.map(({ name, holders }) => [ofVolume(name), holders.length]),
    ),
    ...family(
      "outrigger_volume_snapshots",
      "Snapshots of a volume.",
      volumes.map(({ name, snapshots }) => [ofVolume(name), snapshots.length]),
    ),
    ...family("outrigger_removed_volumes", "Removed volumes that are still kept.", [[plugin, verbs.removed().length]]),
    ...family(
      "outrigger_operations",
      "Long work that is remembered, by kind and state.",
      [...byJob].map(([labels, of]) => [`${plugin},${labels}`, of.length]),
    ),
    ...family(
      "outrigger_backup_age_seconds",
      "Since a volume was backed up last, as far as it is known.",
      last.map(([volume, at]) => [ofVolume(volume), Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1000))]),
    ),
    "",
  ].join("\n");
}

function family(name: string, help: string, rows: readonly (readonly [labels: string, value: number])[]): string[] {
  if (rows.length === 0) return [];
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...rows.map(([labels, value]) => `${name}{${labels}} ${value}`),
  ];
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
