/** One call between engine and plugin, as it is shown, recorded and replayed. */
export interface CallRecord {
  readonly version: 1;
  /** From 1, in the order the requests arrived. */
  readonly number: number;
  /** When the request's first byte arrived: ISO 8601 with milliseconds. */
  readonly at: string;
  readonly plugin: string;
  /** `VolumeDriver.Mount`; the path without its slash where it is no known method. */
  readonly method: string;
  /** As sent, redacted. */
  readonly request: Content;
  /** Null where no answer came. */
  readonly reply: Content | null;
  readonly status: number | null;
  /** The plugin's own words where it failed, or why there was no answer. */
  readonly error: string | null;
  readonly milliseconds: number;
  /** What the engine gives the call; null where it has no limit. */
  readonly deadlineMs: number | null;
}

/** A body: JSON where it is JSON, else text or base64. */
export interface Content {
  readonly json?: unknown;
  readonly text?: string;
  readonly base64?: string;
  /** Its true size. */
  readonly bytes: number;
  /** The rest was left out. */
  readonly cut?: true;
}
