import type { ConformanceCase } from "./case.ts";
import { fileCases } from "./cases/files.ts";
import { handshakeCases } from "./cases/handshake.ts";
import { managedCases } from "./cases/managed.ts";
import { transportConnectionCases } from "./cases/transport-connection.ts";
import { transportReplyCases } from "./cases/transport-reply.ts";
import { transportRequestCases } from "./cases/transport-request.ts";

/** Every case of the kit, in the order they run in. */
export const cases: readonly ConformanceCase[] = [
  ...handshakeCases,
  ...transportRequestCases,
  ...transportReplyCases,
  ...transportConnectionCases,
  ...fileCases,
  ...managedCases,
];
