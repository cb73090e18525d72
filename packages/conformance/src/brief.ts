/** A value as JSON, cut to a line: what a stranger answers can be long. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
