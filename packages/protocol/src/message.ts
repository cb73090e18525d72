// Requests and replies of a method: decoded, checked and encoded after its descriptor.
import { CheckError, objectCheck, type Check, type Reading } from "./check.ts";
import type { Fields, Method } from "./descriptor.ts";
import { DriverError, PluginError, RequestError } from "./plugin-error.ts";

/** Reads and writes the two messages of one method. */
export interface Codec {
  /** Checks a decoded request body; throws `RequestError` such as `VolumeDriver.Create: Name must be a string, got number`. */
  readonly request: (body: unknown) => unknown;
  /** Checks what a driver returned and makes it ready for JSON; throws `DriverError`. Nothing returned counts as `{}`. */
  readonly answer: (returned: unknown) => Record<string, unknown>;
  /** Reads a decoded reply as the engine does; throws `PluginError`. `null` counts as `{}`. */
  readonly reply: (body: unknown) => unknown;
}

/** Makes a method's codec; each check is built at its first use. */
export function codecOf(method: Method): Codec {
  const check = {
    request: lazy(method.request, "request"),
    answer: lazy(method.reply, "answer"),
    reply: lazy(method.reply, "reply"),
  };
  return {
    request: (body) => checked(check.request, body, (text) => new RequestError(`${method.path}: ${text}`)),
    // The answer check returns an object for an object, and refuses everything else.
    answer: (returned) =>
      checked(
        check.answer,
        returned ?? {},
        (text) => new DriverError(`${method.path}: the driver's answer: ${text}`),
      ) as Record<string, unknown>,
    reply: (body) =>
      checked(check.reply, body ?? {}, (text) => new PluginError(`${method.path}: the plugin's reply: ${text}`)),
  };
}

/** Whether a call can do without a body: Podman, for one, sends List with none. */
export function takesEmptyBody(method: Method): boolean {
  return Object.values(method.request).every((field) => field.optional === true);
}

function lazy(fields: Fields, reading: Reading): () => Check {
  let check: Check | undefined;
  return () => (check ??= objectCheck(fields, { reading, open: false }));
}

function checked(check: () => Check, value: unknown, wrong: (text: string) => Error): unknown {
  try {
    return check()(value);
  } catch (error) {
    if (error instanceof CheckError) throw wrong(error.message);
    throw error;
  }
}
