// Takes secrets out of calls: by the protocol's descriptor, by name, and wherever one that was seen is quoted.
import type { Field, Fields, Shape } from "@outrigger/protocol";
import { readJson } from "./cut-json.ts";
import { hideInText, isSecretFlag, isSecretName, mayHoldSecrets } from "./secret-names.ts";

/** What stands in a secret's place. */
export const redacted = "[redacted]";

/** Secrets that are remembered, to be known again where an error quotes them. */
const maxRemembered = 256;

/** Longer ones are not quoted whole by anybody. */
const longestRemembered = 1024;

/** Shorter ones are only taken out where they stand alone: they would be found in every other word. */
const shortest = 4;

/** Takes secrets out, and knows those again that it has seen. */
export class Redactor {
  readonly #seen = new Set<string>();

  /** A message of a known method, or of an unknown one: by its fields, and by name below them. */
  message(value: unknown, fields: Fields | undefined): unknown {
    return this.#walk(value, fields === undefined ? undefined : { type: "object", fields, open: true });
  }

  /** Whether there is nothing in a JSON text to take out, so that it need not be walked through: as in most. */
  isPlain(text: string): boolean {
    return !mayHoldSecrets(text) && this.#forgetSeen(text) === text;
  }

  /** A text of nobody's making. */
  text(text: string): string {
    return this.#forgetSeen(hideInText(text, (secret) => this.#hide(secret.replaceAll(/^\\?"|\\?"$/g, ""))));
  }

  #walk(value: unknown, shape: (Shape & { readonly secret?: true }) | undefined): unknown {
    if (shape?.secret === true) return this.#hideAll(value);
    if (typeof value === "string") return this.#withinJson(value) ?? this.text(value);
    if (Array.isArray(value)) return this.#walkList(value, shape?.type === "list" ? shape.of : undefined);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => {
        const known = shape?.type === "object" ? fieldOf(shape.fields, key) : undefined;
        if (known === undefined && isSecretName(key)) return [key, this.#hideAll(field)];
        return [this.text(key), this.#walk(field, known ?? (shape?.type === "map" ? shape.of : undefined))];
      }),
    );
  }

  /** A text that is JSON itself is read as such, so that no way to write a key hides it; undefined where it is none. */
  #withinJson(text: string): string | undefined {
    if (!/^\s*[[{]/.test(text)) return undefined;
    const json = readJson(text, { cut: false });
    if (json === undefined) return undefined;
    const [before, after] = [JSON.stringify(json.value), JSON.stringify(this.#walk(json.value, undefined))];
    return before === after ? text : after;
  }

  #walkList(items: readonly unknown[], of: Shape | undefined): unknown[] {
    return items.map((item, index) => {
      const before: unknown = items[index - 1];
      const follows = typeof before === "string" && isSecretFlag(before) && typeof item === "string";
      return follows && !item.startsWith("-") ? this.#hide(item) : this.#walk(item, of);
    });
  }

  /** Null and nothing are no secrets, and tell much. */
  #hideAll(value: unknown): unknown {
    if (value === null || value === "") return value;
    for (const text of textsIn(value)) this.#hide(text);
    return redacted;
  }

  #hide(secret: string): string {
    if (secret !== "" && secret !== redacted && secret.length <= longestRemembered) {
      // What was used last is forgotten last.
      this.#seen.delete(secret);
      this.#seen.add(secret);
      const [oldest] = this.#seen;
      if (this.#seen.size > maxRemembered && oldest !== undefined) this.#seen.delete(oldest);
    }
    return redacted;
  }

  #forgetSeen(text: string): string {
    let rest = text;
    for (const secret of this.#seen) {
      if (!rest.includes(secret)) continue;
      rest = secret.length >= shortest ? rest.replaceAll(secret, redacted) : rest.replaceAll(alone(secret), redacted);
    }
    return rest;
  }
}

/** Where it is not a part of a longer word. */
function alone(secret: string): RegExp {
  return new RegExp(`(?<![\\w-])${secret.replaceAll(/[^\w\s]/g, "\\$&")}(?![\\w-])`, "g");
}

/** Go finds a key in any case, and so must we. */
function fieldOf(fields: Fields, key: string): Field | undefined {
  if (Object.hasOwn(fields, key)) return fields[key];
  const lower = key.toLowerCase();
  return Object.entries(fields).find(([name]) => name.toLowerCase() === lower)?.[1];
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "number") yield String(value);
  else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) yield* textsIn(inner);
}
