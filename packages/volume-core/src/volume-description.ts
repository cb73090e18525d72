import type { Options } from "@outrigger/plugin";
import type { Phase } from "./volume-record.ts";
import type { Volume } from "./volume.ts";

const states: Record<Phase, string> = {
  creating: "creating",
  idle: "ready",
  attaching: "mounting",
  attached: "mounted",
  detaching: "unmounting",
  removing: "removing",
};

/** What Get and List say of a volume. */
export function describeVolume<S extends Options>(
  volume: Volume<S>,
): {
  Name: string;
  Mountpoint: string;
  CreatedAt?: string | undefined;
} {
  return { Name: volume.name, Mountpoint: volume.shown?.mountpoint ?? "", CreatedAt: volume.shown?.createdAt };
}

/** What `docker volume inspect` shows besides: the state, who holds the volume, and what went wrong last. */
export function statusOf<S extends Options>(volume: Volume<S>): Record<string, unknown> {
  const { shown, problem, backend } = volume;
  const options = Object.entries(shown?.options ?? {}).filter(([name]) => backend.options[name]?.secret !== true);
  return {
    state: shown && states[shown.phase],
    backend: backend.name,
    ...(options.length > 0 && { options: Object.fromEntries(options) }),
    holders: [...(shown?.holds ?? [])].map(([ID, { current, carried }]) => ({
      ID,
      mounts: current + carried,
      ...(carried > 0 && { carried }),
    })),
    ...(problem !== undefined && { reason: problem.text, since: problem.since }),
  };
}
