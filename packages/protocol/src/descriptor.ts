// The vocabulary every protocol is written in: plain data, no behaviour.

/** What a string must look like beyond being a string; checked on both sides of the wire. */
export type Format = "absolute-path" | "cidr" | "cidr-or-empty" | "ip" | "ip-or-empty" | "mac" | "mac-or-empty";

/**
 * One JSON value.
 * `bytes` is Go's `[]byte` (base64 on the wire), `time` an RFC 3339 string, `json` an object this protocol does not
 * look into. An `open` object keeps fields it does not know.
 */
export type Shape =
  | { readonly type: "string"; readonly format?: Format; readonly oneOf?: readonly string[]; readonly nonEmpty?: true }
  | { readonly type: "integer" | "boolean" | "bytes" | "time" | "json" }
  | { readonly type: "list" | "map"; readonly of: Shape }
  | { readonly type: "object"; readonly fields: Fields; readonly open?: true };

/** A named value of a request or reply, under its wire name. */
export type Field = Shape & {
  readonly doc: string;
  /** The key may be missing or `null`; in Go both are the zero value. */
  readonly optional?: true;
  /** First engine version that sends or reads it, where later than the method itself. */
  readonly since?: string;
  /** The value must never be shown in logs, traces or recordings. */
  readonly secret?: true;
};

/** Fields by their name on the wire. */
export type Fields = { readonly [wireName: string]: Field };

/** One call of a protocol. */
export interface Method {
  /** `Kind.Method`; the request goes to `POST /Kind.Method`. */
  readonly path: string;
  readonly doc: string;
  readonly request: Fields;
  readonly reply: Fields;
  /** What stands in the body when the request has no fields. */
  readonly emptyBody?: "nothing" | "{}";
  /** Milliseconds the engine gives one attempt; no limit where absent. */
  readonly deadlineMs?: number;
  /**
   * Why a driver may lack the method: the engine takes 404 for "no", takes any error for "no", or never sends it
   * unless the driver asked for it.
   */
  readonly optional?: "not-found" | "any-error" | "not-sent";
  /** The reply is a stream of bytes, not one JSON object. */
  readonly streams?: "reply";
  /** First engine version that sends it. */
  readonly since: string;
  /** First engine version that no longer sends it. */
  readonly until?: string;
  /** Repository and file that the method was read from. */
  readonly source: string;
}

/** Methods by the name a driver implements them under: the verb in camelCase. */
export type Methods = { readonly [verb: string]: Method };

/** One of Docker's plugin protocols, whole. */
export interface Protocol {
  /** The entry in `Implements`, matched exactly by the engine. */
  readonly name: string;
  /** `interface.types` of a managed plugin. */
  readonly managedType: string;
  readonly doc: string;
  /** The key that carries a failure's text in a 200 reply. */
  readonly errorKey: "Err" | "Error";
  /** The engine does not look at the error key of a 200 reply. */
  readonly errorKeyIgnored?: true;
  readonly methods: Methods;
}

/** Declares a protocol and keeps its literal types. */
export function defineProtocol<const P extends Protocol>(protocol: P): P {
  return protocol;
}

type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** The TypeScript value of a shape. */
export type Value<S> = S extends { readonly oneOf: readonly (infer Literal)[] }
  ? Literal
  : S extends { readonly type: "string" | "time" }
    ? string
    : S extends { readonly type: "integer" }
      ? number
      : S extends { readonly type: "boolean" }
        ? boolean
        : S extends { readonly type: "bytes" }
          ? Uint8Array
          : S extends { readonly type: "list"; readonly of: infer Item }
            ? readonly Value<Item>[]
            : S extends { readonly type: "map"; readonly of: infer Item }
              ? { readonly [key: string]: Value<Item> }
              : S extends { readonly fields: infer F; readonly open: true }
                ? Simplify<Message<F> & { readonly [key: string]: unknown }>
                : S extends { readonly fields: infer F }
                  ? Message<F>
                  : { readonly [key: string]: unknown };

/** The TypeScript object of a set of fields; optional ones may be left out. */
export type Message<F> = Simplify<
  {
    readonly [K in keyof F as F[K] extends { readonly optional: true } ? never : K]: Value<F[K]>;
  } & {
    readonly [K in keyof F as F[K] extends { readonly optional: true } ? K : never]?: Value<F[K]> | undefined;
  }
>;

/** What the engine sends for one method. */
export type Request<P extends Protocol, M extends keyof P["methods"]> = Message<P["methods"][M]["request"]>;

/** What a driver answers to one method; bytes in any number of pieces where the method streams. */
export type Reply<P extends Protocol, M extends keyof P["methods"]> = P["methods"][M] extends {
  readonly streams: "reply";
}
  ? AsyncIterable<Uint8Array>
  : Message<P["methods"][M]["reply"]>;
