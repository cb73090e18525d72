/** Why a plugin could not be found or its file not be used. */
export type DiscoveryErrorCode = "not-found" | "unreadable" | "bad-json" | "bad-address" | "bad-tls";

/** Nothing usable stands under a plugin's name: no file, or one that cannot be read as the engine reads it. */
export class DiscoveryError extends Error {
  override readonly name = "DiscoveryError";
  readonly code: DiscoveryErrorCode;

  constructor(message: string, options: { code: DiscoveryErrorCode; cause?: unknown }) {
    super(message, causeOf(options));
    this.code = options.code;
  }
}

/**
 * Why a call failed.
 * `unreachable`: no connection; `tls`: a connection, but no trust; `deadline`: no answer in time; `broken`: the
 * connection ended before the answer did; `bad-reply`: an answer the engine could not use; `too-large`: an answer over
 * our own limit; `not-found`: 404; `failed`: the plugin says so.
 */
export type CallErrorCode =
  | "unreachable"
  | "tls"
  | "deadline"
  | "broken"
  | "bad-reply"
  | "too-large"
  | "not-found"
  | "failed";

/** What is known about a failed call beside its text. */
export interface CallErrorOptions {
  readonly code: CallErrorCode;
  /** The HTTP status, where one arrived. */
  readonly status?: number | undefined;
  /** The plugin's own words, without the method's name. */
  readonly text?: string | undefined;
  /** The request left this process, so the plugin may have acted on it. */
  readonly sent?: boolean | undefined;
  readonly cause?: unknown;
}

/** A call failed; the message begins with the method, as in the engine: `VolumeDriver.Mount: no such volume`. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly code: CallErrorCode;
  readonly path: string;
  readonly status: number | undefined;
  readonly text: string;
  readonly sent: boolean;

  constructor(path: string, message: string, options: CallErrorOptions) {
    super(`${path}: ${message}`, causeOf(options));
    this.code = options.code;
    this.path = path;
    this.status = options.status;
    this.text = options.text ?? message;
    this.sent = options.sent ?? options.status !== undefined;
  }
}

/** A plugin was found but cannot be used: its handshake failed, or it does not speak the protocol asked for. */
export class ActivationError extends Error {
  override readonly name = "ActivationError";
  readonly code: "handshake-failed" | "not-implemented";

  constructor(message: string, options: { code: "handshake-failed" | "not-implemented"; cause?: unknown }) {
    super(message, causeOf(options));
    this.code = options.code;
  }
}

function causeOf({ cause }: { cause?: unknown }): ErrorOptions | undefined {
  return cause === undefined ? undefined : { cause };
}
