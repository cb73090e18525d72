import type { ConformanceCase } from "./case.ts";
import { handshakeCases } from "./cases/handshake.ts";
import { volumeAnswerCases } from "./cases/volume-answers.ts";
import { volumeChaosCases } from "./cases/volume-chaos.ts";
import { volumeCreateCases } from "./cases/volume-create.ts";
import { volumeEngineCases } from "./cases/volume-engine.ts";
import { volumeMountCases } from "./cases/volume-mount.ts";
import { volumeParallelCases } from "./cases/volume-parallel.ts";
import { volumeRemoveCases } from "./cases/volume-remove.ts";
import { volumeRestartCases } from "./cases/volume-restart.ts";

/** Every case of the kit, in the order they run in. */
export const cases: readonly ConformanceCase[] = [
  ...handshakeCases,
  ...volumeAnswerCases,
  ...volumeCreateCases,
  ...volumeMountCases,
  ...volumeRemoveCases,
  ...volumeParallelCases,
  ...volumeRestartCases,
  ...volumeChaosCases,
  ...volumeEngineCases,
];
