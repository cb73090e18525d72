/** Why a call failed, for programs; the text is for people and may change. */
export type ErrorCode = "bad-request" | "driver-failed" | "not-found" | "deadline";

/** The root of all errors a plugin answers with: its text goes to the user after the method's name. */
export class PluginError extends Error {
  override readonly name: string = "PluginError";
  readonly code: ErrorCode = "driver-failed";
  /** The HTTP status of the answer; never 2xx. */
  readonly status: number = 500;
}

/** The caller sent something that the protocol does not allow. */
export class RequestError extends PluginError {
  override readonly name: string = "RequestError";
  override readonly code: ErrorCode = "bad-request";
  override readonly status: number = 400;
}

/** The driver could not do what was asked, or answered something that the protocol does not allow. */
export class DriverError extends PluginError {
  override readonly name: string = "DriverError";
}
