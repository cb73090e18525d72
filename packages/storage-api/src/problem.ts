import { PluginError } from "@outrigger/protocol";

/** What a request is answered with that cannot be done, as application/problem+json: RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** Which object, why, and the way out. */
  readonly detail: string;
}

const titles: Readonly<Record<number, string>> = {
  400: "The request is not right",
  401: "Not known",
  403: "Not allowed",
  404: "Not there",
  405: "No such method",
  408: "Too slow",
  409: "In use",
  413: "Too large",
  429: "Too much at once",
  500: "The storage could not do it",
  501: "Not supported",
  503: "Not ready",
};

/** A request that cannot be done, with the HTTP status that says whose fault it is. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly status: number;

  constructor(status: number, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.status = status;
  }
}

/** How an error is told. */
export function problemOf(error: unknown): Problem {
  const status = statusOf(error);
  const detail = error instanceof Error ? error.message : String(error);
  return { type: "about:blank", title: titles[status] ?? "Failed", status, detail };
}

function statusOf(error: unknown): number {
  return error instanceof ProblemError || error instanceof PluginError ? error.status : 500;
}
