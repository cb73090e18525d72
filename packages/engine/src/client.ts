import type { Method, Protocol, Reply, Request } from "@outrigger/protocol";
import type { CallOptions, PluginConnection } from "./connect.ts";
import { CallError } from "./engine-error.ts";
import { describe, type KnownMethod } from "./known-method.ts";

type Answer<P extends Protocol, M extends keyof P["methods"]> =
  | Reply<P, M>
  | (P["methods"][M] extends { readonly optional: "not-found" | "any-error" } ? undefined : never);

type Call<P extends Protocol, M extends keyof P["methods"]> =
  Partial<Request<P, M>> extends Request<P, M>
    ? (request?: Request<P, M>, options?: CallOptions) => Promise<Answer<P, M>>
    : (request: Request<P, M>, options?: CallOptions) => Promise<Answer<P, M>>;

/** A protocol's methods as functions; one the plugin may lack resolves to undefined where it does. */
export type Client<P extends Protocol> = { readonly [M in keyof P["methods"]]: Call<P, M> };

/**
 * Makes a typed client: `createClient(volumeDriver, connection).mount({ Name, ID })`. Replies are decoded as Go does,
 * failures are a `CallError` worded as the engine's.
 */
export function createClient<const P extends Protocol>(protocol: P, connection: PluginConnection): Client<P> {
  const calls = Object.entries(protocol.methods).map(
    ([verb, method]) => [verb, callOf(describe(protocol, method), connection)] as const,
  );
  // One function per method of the protocol; what each takes and returns is the descriptor's word, kept by its codec.
  return Object.fromEntries(calls) as Client<P>;
}

type UntypedCall = (request?: object, options?: CallOptions) => Promise<unknown>;

function callOf(known: KnownMethod, connection: PluginConnection): UntypedCall {
  const { method } = known;
  const fieldless = Object.keys(method.request).length === 0;
  return async (request, options) => {
    const sent = fieldless && Object.keys(request ?? {}).length === 0 ? undefined : (request ?? {});
    try {
      if (method.streams !== "reply") return await connection.call(known, sent, options);
      return (await connection.stream(known, sent, options)).stream;
    } catch (error) {
      if (error instanceof CallError && toleratedBy(method, error)) return undefined;
      throw error;
    }
  };
}

/** What the engine takes for "the plugin does not do this"; no answer at all is still an error here. */
function toleratedBy(method: Method, error: CallError): boolean {
  if (method.optional === "not-found") return error.code === "not-found";
  return method.optional === "any-error" && error.status !== undefined;
}
