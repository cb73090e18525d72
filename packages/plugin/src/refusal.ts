import { PluginError, type ErrorCode } from "@outrigger/protocol";

/** A call that the plugin did not take, or gave up on, before its driver had a say. */
export class Refusal extends PluginError {
  override readonly name = "Refusal";
  override readonly code: ErrorCode;
  override readonly status: number;

  constructor(message: string, options: { status: number; code?: ErrorCode; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.status = options.status;
    this.code = options.code ?? "bad-request";
  }
}
