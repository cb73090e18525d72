import type { IncomingMessage } from "node:http";
import type { Options, OptionValues } from "@outrigger/plugin";
import type { Backups } from "./backups.ts";
import type { Job, Jobs } from "./jobs.ts";
import type { Landings } from "./landings.ts";
import type { VolumeVerbs } from "@outrigger/volume-core";

/** Who may do it: a viewer looks, an operator changes volumes, an admin also destroys, and reads and writes data. */
export type Role = "viewer" | "operator" | "admin";

/** What operations work on. */
export interface StorageHouse {
  /** The plugin's name. */
  readonly name: string;
  readonly verbs: VolumeVerbs;
  readonly jobs: Jobs;
  readonly landings: Landings;
  /** Missing where no repository is configured. */
  readonly backups: Backups | undefined;
  /** Aborts when the plugin stops. */
  readonly closing: AbortSignal;
}

/** A request as an operation gets it: checked. */
export interface Call<Q extends Options = Options, B extends Options = Options> {
  readonly path: Readonly<Record<string, string>>;
  readonly query: OptionValues<Q>;
  readonly body: OptionValues<B>;
  /** `options` of the body: a volume's options, as for `docker volume create -o`. */
  readonly options: Readonly<Record<string, string>>;
  /** The body as it is, where it is checked by the operation itself. */
  readonly json: unknown;
  /** The body, where it is a stream. */
  readonly stream: IncomingMessage;
  /** Aborts when the client leaves. */
  readonly gone: AbortSignal;
}

/** What an operation answers. */
export type Reply =
  | { readonly json: unknown; readonly status?: number }
  | { readonly job: Job }
  | { readonly text: string; readonly contentType: string }
  | { readonly events: AsyncIterable<object> }
  | { readonly tar: TarReply };

/** A tar stream on its way out. */
export interface TarReply extends AsyncDisposable {
  readonly stream: NodeJS.ReadableStream;
  readonly ended: Promise<{ readonly changed: boolean }>;
}

/** The shapes that replies have; `openapi.ts` says what is in them. */
export type ReplyShape =
  | "Volume"
  | "VolumeList"
  | "Snapshot"
  | "SnapshotList"
  | "HolderList"
  | "Usage"
  | "RemovedList"
  | "FindingList"
  | "Operation"
  | "OperationList"
  | "BackupList"
  | "None"
  | "Tar"
  | "Events"
  | "Metrics"
  | "Osd";

/** One thing that can be asked for. */
export interface Operation<Q extends Options = Options, B extends Options = Options> {
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{volume}` and the like for what varies. */
  readonly path: string;
  readonly doc: string;
  readonly role: Role;
  readonly query?: Q;
  /** Names in the query that may come more than once; the values are joined with commas. */
  readonly repeats?: readonly string[];
  readonly body?: B | "tar" | "json";
  /** Whether the body may have `options`. */
  readonly options?: true;
  /** Refused with 409 while the volume is in use. */
  readonly unused?: true;
  readonly reply: ReplyShape;
  run(house: StorageHouse, call: Call<Q, B>): Promise<Reply> | Reply;
}

/** Declares an operation and keeps the types of its query and body. */
export function operation<const Q extends Options, const B extends Options>(one: Operation<Q, B>): Operation {
  return one;
}

/** The one value of a path; the table of operations says which there are. */
export function part(call: { readonly path: Readonly<Record<string, string>> }, name: string): string {
  const value = call.path[name];
  if (value === undefined) throw new Error(`the path has no {${name}}`);
  return value;
}
