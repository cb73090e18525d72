// A plugin's own settings as data: for `docker volume create -o`, command-line flags and a configuration file.
import { RequestError } from "@outrigger/protocol";
import { nearest } from "./nearest.ts";
import { readOption } from "./option-value.ts";

/** What every option has. */
interface OptionBase {
  /** One sentence for people. */
  readonly doc: string;
  readonly required?: true;
  /** As a user would write it: `"10GiB"`, `"0750"`, `true`. Must be right itself. */
  readonly default?: string | number | boolean;
  /** The value must not be shown, in errors neither. */
  readonly secret?: true;
}

/**
 * One option.
 * `string`: any text but the empty one. `path`: absolute, without `..`. `integer`: decimal. `octal`: a file mode such
 * as `0750`. `size`: bytes, or with a unit that leaves no doubt (`10GiB`, `500MB`). `boolean`: `true` or `false`; the
 * bare name (`-o readonly`) counts as true. `choice`: one of a few words.
 */
export type Option = OptionBase &
  (
    | { readonly type: "string" | "path" | "octal" | "size" | "boolean" }
    | { readonly type: "integer"; readonly min?: number; readonly max?: number }
    | { readonly type: "choice"; readonly of: readonly [string, ...string[]] }
  );

/** Options by name. */
export type Options = { readonly [name: string]: Option };

/** The typed value of one option: text, a number (bytes, mode bits), a boolean or one of the choices. */
export type OptionValue<O extends Option> = O extends { readonly of: readonly (infer Choice)[] }
  ? Choice
  : O extends { readonly type: "integer" | "octal" | "size" }
    ? number
    : O extends { readonly type: "boolean" }
      ? boolean
      : string;

type Certain<S extends Options> = {
  [K in keyof S]: S[K] extends { readonly required: true } | { readonly default: unknown } ? K : never;
}[keyof S];

type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** What `parseOptions` returns: a required or defaulted option is always there. */
export type OptionValues<S extends Options> = Simplify<
  { readonly [K in Certain<S>]: OptionValue<S[K]> } & {
    readonly [K in Exclude<keyof S, Certain<S>>]?: OptionValue<S[K]>;
  }
>;

/** Declares options and keeps their literal types. */
export function defineOptions<const S extends Options>(options: S): S {
  return options;
}

/**
 * Reads options from texts (flags, `-o`) or from JSON values (a configuration file).
 * Throws `RequestError` at the first that is unknown, missing or not what its type says.
 */
export function parseOptions<const S extends Options>(
  options: S,
  given: Readonly<Record<string, unknown>> | null | undefined,
): OptionValues<S> {
  const input = given ?? {};
  for (const name of Object.keys(input)) {
    if (!Object.hasOwn(options, name)) throw new RequestError(unknown(name, Object.keys(options)));
  }
  const values = Object.entries<Option>(options).flatMap(([name, option]) => {
    const value = (Object.hasOwn(input, name) ? input[name] : undefined) ?? option.default;
    if (value !== undefined) return [[name, readOption(name, option, value)] as const];
    if (option.required) throw new RequestError(`option "${name}" is missing: ${option.doc}`);
    return [];
  });
  // `readOption` returns what the option's type says, which is how `OptionValues` is derived.
  return Object.fromEntries(values) as OptionValues<S>;
}

/** The options as a table of lines for `--help`; `prefix` is what users type before the name. */
export function describeOptions(options: Options, prefix: "--" | "-o " = "--"): string {
  const rows = Object.entries(options).map(([name, option]) => ({
    usage: option.type === "boolean" ? `${prefix}${name}` : `${prefix}${name}=${placeholder(option)}`,
    doc: [option.doc, ...notes(option)].join(" "),
  }));
  const width = Math.max(...rows.map(({ usage }) => usage.length));
  return rows.map(({ usage, doc }) => `  ${usage.padEnd(width)}  ${doc}\n`).join("");
}

function unknown(name: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  const hint = guess === undefined ? "" : ` did you mean "${guess}"?`;
  const list = known.length === 0 ? "there are none" : `known are ${known.toSorted().join(", ")}`;
  return `unknown option ${JSON.stringify(name.slice(0, 60))};${hint} ${list}`;
}

function placeholder(option: Option): string {
  return option.type === "choice" ? option.of.join("|") : `<${option.type}>`;
}

function notes(option: Option): string[] {
  if (option.default !== undefined) return [`(default: ${option.secret ? "set" : option.default})`];
  return option.required ? ["(required)"] : [];
}
