/** Why a plugin cannot be served, for programs. */
export type ServeErrorCode = "address-in-use" | "bad-address" | "insecure" | "unavailable";

/** The plugin cannot be served as it was asked to be. */
export class ServeError extends Error {
  override readonly name = "ServeError";
  readonly code: ServeErrorCode;

  constructor(code: ServeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
