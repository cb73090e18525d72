import { pluginHandshake, protocols, type Method, type Protocol } from "@outrigger/protocol";

/** A method and the protocol it belongs to. */
export interface KnownMethod {
  readonly protocol: Protocol;
  readonly method: Method;
}

let byPath: ReadonlyMap<string, KnownMethod> | undefined;

/** The method behind a path such as `VolumeDriver.Mount`; undefined for one that no protocol describes. */
export function methodAt(path: string): KnownMethod | undefined {
  byPath ??= new Map(
    [pluginHandshake, ...Object.values(protocols)].flatMap((protocol: Protocol) =>
      Object.values(protocol.methods).map((method) => [method.path, { protocol, method }] as const),
    ),
  );
  return byPath.get(path);
}
