/** The system's code for an error, such as `ENOENT`; empty where there is none. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
