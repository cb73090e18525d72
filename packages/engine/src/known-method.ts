import { codecOf, pluginHandshake, protocols, type Codec, type Method, type Protocol } from "@outrigger/protocol";

/** A method with its protocol and its codec. */
export interface KnownMethod {
  readonly protocol: Protocol;
  readonly method: Method;
  readonly codec: Codec;
}

let byPath: ReadonlyMap<string, KnownMethod> | undefined;

/** The method behind a path such as `VolumeDriver.Mount`; undefined for one that no protocol describes. */
export function knownMethod(path: string): KnownMethod | undefined {
  byPath ??= new Map(
    [pluginHandshake, ...Object.values(protocols)].flatMap((protocol: Protocol) =>
      Object.values(protocol.methods).map((method) => [method.path, describe(protocol, method)] as const),
    ),
  );
  return byPath.get(path);
}

/** A method of any protocol, also of one that is not in the list. */
export function describe(protocol: Protocol, method: Method): KnownMethod {
  return { protocol, method, codec: codecOf(method) };
}
