import type { ConformanceCase } from "./case.ts";
import { handshakeCases } from "./cases/handshake.ts";

/** Every case of the kit, in the order they run in. */
export const cases: readonly ConformanceCase[] = [...handshakeCases];
