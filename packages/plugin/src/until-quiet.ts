import { setImmediate as nextTurn } from "node:timers/promises";

/** The event loop accepts a waiting connection in one turn and reads its request in the next; one more for the answer. */
const quietTurns = 3;

/** A port that nothing but its number leads to cannot be withdrawn, and may be dialled without end. */
const maxTurns = 1000;

/** Resolves when everybody who had dialled before has been accepted and heard, going by a count of connections. */
export async function untilQuiet(connections: () => number): Promise<void> {
  for (let turn = 0, quiet = 0; quiet < quietTurns && turn < maxTurns; turn++) {
    const before = connections();
    await nextTurn();
    quiet = connections() === before ? quiet + 1 : 0;
  }
}
