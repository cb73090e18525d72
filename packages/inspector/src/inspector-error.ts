/** Why something could not be traced, recorded or replayed. */
export type InspectorErrorCode =
  | "not-live"
  | "traced-already"
  | "unavailable"
  | "bad-address"
  | "bad-recording"
  | "unknown-version";

/** Nothing was changed, or what was changed is back: the message says what stood in the way, and the way out. */
export class InspectorError extends Error {
  override readonly name = "InspectorError";
  readonly code: InspectorErrorCode;

  constructor(code: InspectorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
