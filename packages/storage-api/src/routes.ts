import { nearest } from "@outrigger/plugin";
import type { Operation } from "./operation.ts";
import { ProblemError } from "./problem.ts";

/** An operation, and what its path said. */
export interface Match {
  readonly operation: Operation;
  readonly path: Readonly<Record<string, string>>;
}

interface Route {
  readonly operation: Operation;
  readonly segments: readonly string[];
}

/** Finds the operation that a request is for. */
export class Routes {
  readonly #routes: readonly Route[];

  constructor(operations: readonly Operation[]) {
    // Where two fit, the one with fewer blanks is meant: /stats/{volume} before /{volume}/stats.
    const blanks = ({ path }: Operation): number => path.split("{").length;
    this.#routes = operations
      .toSorted((a, b) => blanks(a) - blanks(b))
      .map((operation) => ({ operation, segments: operation.path.split("/") }));
  }

  /** Throws `ProblemError` 404 with the nearest path, or 405 with the methods there are. */
  find(method: string, pathname: string): Match {
    const segments = pathname.split("/").map(decode);
    const fitting = this.#routes.filter((route) => fits(route, segments));
    if (fitting.length === 0) throw this.#unknown(pathname);
    const route = fitting.find(({ operation }) => operation.method === method);
    if (route === undefined) {
      const methods = [...new Set(fitting.map(({ operation }) => operation.method))].join(", ");
      throw new ProblemError(405, `${pathname} does not take ${method}; it takes ${methods}`);
    }
    return { operation: route.operation, path: Object.fromEntries(values(route, segments)) };
  }

  #unknown(pathname: string): ProblemError {
    const known = this.#routes.map(({ operation }) => operation.path);
    const guess = nearest(pathname.slice(0, 200), known);
    const hint = guess === undefined ? "GET /openapi.json lists all there is" : `did you mean ${guess}?`;
    return new ProblemError(404, `there is nothing at ${pathname.slice(0, 200)}; ${hint}`);
  }
}

function fits({ segments: pattern }: Route, segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((one, at) => (isBlank(one) ? segments[at] !== "" : one === segments[at]));
}

function values({ segments: pattern }: Route, segments: readonly string[]): [string, string][] {
  return pattern.flatMap((one, at): [string, string][] =>
    isBlank(one) ? [[one.slice(1, -1), segments[at] ?? ""]] : [],
  );
}

function isBlank(segment: string): boolean {
  return segment.startsWith("{");
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new ProblemError(400, `the path has "${segment.slice(0, 60)}", which is no percent-encoding`, { cause });
  }
}
