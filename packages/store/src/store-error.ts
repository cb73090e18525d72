/** Why a state file could not be used, for programs; the text is for people and may change. */
export type StoreErrorCode = "in-use" | "damaged" | "foreign" | "newer" | "unsafe" | "unreadable";

/** A state file that cannot be used as it is; the text names the file and the way out. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
