// The cleanup ledger: it watches the calls go by, and knows what they made that is still there.
import type { Answer } from "./answer.ts";
import { fieldOf, isObject } from "./json-field.ts";

/** One thing that a case had a plugin make, and the call that undoes it. */
export interface Debt {
  /** `volume "data"`, for people. */
  readonly what: string;
  readonly method: string;
  readonly request: object;
}

/** What is owed to the plugin. */
export interface Ledger {
  /** Before a call that may make something is sent: it counts as made even if no answer comes. */
  note(method: string, request: unknown): void;
  /** After an answer: what a call made under a name of the plugin's own, or took away. */
  settle(method: string, request: unknown, answer: Answer): void;
  /** What is still there, in the order to undo it. */
  debts(): readonly Debt[];
}

/** How the calls of a pair belong together: what `makes` made, `undo` takes away, told by `keys`. */
interface Pair {
  readonly makes: string;
  readonly undo: string;
  readonly keys: readonly string[];
  readonly noun: string;
  /** The keys that only the answer has, and their place in it. */
  readonly fromAnswer?: { readonly [key: string]: readonly string[] };
  /** Mounts are counted, so each needs its own undoing. */
  readonly counted?: true;
}

const pairs: readonly Pair[] = [
  { makes: "VolumeDriver.Create", undo: "VolumeDriver.Remove", keys: ["Name"], noun: "volume" },
  { makes: "VolumeDriver.Mount", undo: "VolumeDriver.Unmount", keys: ["Name", "ID"], noun: "mount", counted: true },
  {
    makes: "NetworkDriver.AllocateNetwork",
    undo: "NetworkDriver.FreeNetwork",
    keys: ["NetworkID"],
    noun: "allocation",
  },
  { makes: "NetworkDriver.CreateNetwork", undo: "NetworkDriver.DeleteNetwork", keys: ["NetworkID"], noun: "network" },
  {
    makes: "NetworkDriver.CreateEndpoint",
    undo: "NetworkDriver.DeleteEndpoint",
    keys: ["NetworkID", "EndpointID"],
    noun: "endpoint",
  },
  { makes: "NetworkDriver.Join", undo: "NetworkDriver.Leave", keys: ["NetworkID", "EndpointID"], noun: "join" },
  {
    makes: "NetworkDriver.ProgramExternalConnectivity",
    undo: "NetworkDriver.RevokeExternalConnectivity",
    keys: ["NetworkID", "EndpointID"],
    noun: "published ports",
  },
  {
    makes: "IpamDriver.RequestPool",
    undo: "IpamDriver.ReleasePool",
    keys: ["PoolID"],
    noun: "pool",
    fromAnswer: { PoolID: ["PoolID"] },
    counted: true,
  },
  {
    makes: "IpamDriver.RequestAddress",
    undo: "IpamDriver.ReleaseAddress",
    keys: ["PoolID", "Address"],
    noun: "address",
    fromAnswer: { Address: ["Address"] },
  },
  { makes: "LogDriver.StartLogging", undo: "LogDriver.StopLogging", keys: ["File"], noun: "log" },
  { makes: "MetricsCollector.StartMetrics", undo: "MetricsCollector.StopMetrics", keys: [], noun: "metrics" },
];

/** Starts a ledger with nothing in it. */
export function createLedger(): Ledger {
  const debts = new Map<string, Debt & { times: number }>();

  const add = (pair: Pair, request: object): void => {
    const id = idOf(pair, request);
    const times = pair.counted === true ? (debts.get(id)?.times ?? 0) + 1 : 1;
    // Undone in the reverse order, and what is made again counts as the newest.
    debts.delete(id);
    const keys = Object.values(request).map((value) => JSON.stringify(value));
    debts.set(id, { what: [pair.noun, ...keys].join(" "), method: pair.undo, request, times });
  };
  const remove = (pair: Pair, request: object): void => {
    const id = idOf(pair, request);
    const debt = debts.get(id);
    if (debt === undefined) return;
    debt.times -= 1;
    if (debt.times === 0) debts.delete(id);
  };

  return {
    note: (method, request) => {
      const pair = pairs.find(({ makes, fromAnswer }) => makes === method && fromAnswer === undefined);
      const named = pair && pick(pair, request, undefined);
      if (pair !== undefined && named !== undefined) add(pair, named);
    },
    settle: (method, request, answer) => {
      const made = pairs.find(({ makes, fromAnswer }) => makes === method && fromAnswer !== undefined);
      const named = made && answer.failure === undefined ? pick(made, request, answer.json) : undefined;
      if (made !== undefined && named !== undefined) add(made, named);
      // A refused Mount is not counted, and the engine sends no Unmount for it.
      const refused =
        answer.failure === undefined ? undefined : pairs.find(({ makes, counted }) => makes === method && counted);
      const uncounted = refused && refused.fromAnswer === undefined ? pick(refused, request, undefined) : undefined;
      if (refused !== undefined && uncounted !== undefined) remove(refused, uncounted);
      const undone = pairs.find(({ undo }) => undo === method);
      const gone = undone && answer.failure === undefined ? pick(undone, request, undefined) : undefined;
      if (undone !== undefined && gone !== undefined) remove(undone, gone);
    },
    debts: () => [...debts.values()].reverse().flatMap((debt) => Array.from({ length: debt.times }, () => debt)),
  };
}

/** The keys of a pair out of the request, or the answer; undefined where one is missing. */
function pick(pair: Pair, request: unknown, answer: unknown): object | undefined {
  if (!isObject(request) && pair.keys.length > 0) return undefined;
  const entries = pair.keys.map((key) => {
    const place = answer === undefined ? undefined : pair.fromAnswer?.[key];
    const value = place === undefined ? fieldOf(request, key) : fieldOf(answer, ...place);
    // The address of an answer has a prefix length, and is released without it.
    return [key, key === "Address" && typeof value === "string" ? value.split("/")[0] : value] as const;
  });
  if (entries.some(([, value]) => typeof value !== "string" || value === "")) return undefined;
  return Object.fromEntries(entries);
}

function idOf(pair: Pair, request: object): string {
  return JSON.stringify([pair.undo, ...Object.values(request)]);
}
