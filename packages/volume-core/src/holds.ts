// Who uses a volume: mounts counted for each id, apart for this life of the engine and earlier ones.

/** Mounts of one id that wait for their Unmount. */
interface Hold {
  /** Mounted since the engine started last. */
  readonly current: number;
  /** Mounted before: the container may live on (live-restore) or may have died with the engine, unheard. */
  readonly carried: number;
}

/** Holds by the id that the engine gave. */
export type Holds = ReadonlyMap<string, Hold>;

/** Nobody's; one for all, for most volumes of many are not in use. */
export const noHolds: Holds = new Map();

const none: Hold = { current: 0, carried: 0 };

/** One Mount more. The same id again is `docker cp` on a running container: counted, not collected. */
export function addHold(holds: Holds, id: string): Holds {
  const hold = holds.get(id) ?? none;
  return new Map(holds).set(id, { ...hold, current: hold.current + 1 });
}

/** One Unmount: takes back a mount of this engine life first. An unknown id changes nothing. */
export function dropHold(holds: Holds, id: string): Holds {
  const hold = holds.get(id);
  if (hold === undefined) return holds;
  const rest = hold.current > 0 ? { ...hold, current: hold.current - 1 } : { ...hold, carried: hold.carried - 1 };
  const next = new Map(holds);
  if (isEmpty(rest)) next.delete(id);
  else next.set(id, rest);
  return next;
}

/** The engine started again: all mounts so far are of an earlier life. */
export function carryHolds(holds: Holds): Holds {
  return new Map([...holds].map(([id, hold]) => [id, { current: 0, carried: hold.current + hold.carried }]));
}

/** Nothing has the volume mounted any more, so what earlier lives left can go. */
export function dropCarriedHolds(holds: Holds): Holds {
  return new Map(
    [...holds].map(([id, hold]) => [id, { ...hold, carried: 0 }] as const).filter(([, hold]) => !isEmpty(hold)),
  );
}

/** The one id that is this text, or all that begin with it. */
export function holdersNamed(holds: Holds, text: string): string[] {
  return holds.has(text) ? [text] : [...holds.keys()].filter((id) => text !== "" && id.startsWith(text));
}

/** Whether any hold is from an earlier life of the engine. */
export function hasCarriedHolds(holds: Holds): boolean {
  return holds.values().some(({ carried }) => carried > 0);
}

function isEmpty({ current, carried }: Hold): boolean {
  return current === 0 && carried === 0;
}
