import type { ConformanceCase } from "./case.ts";
import { authzAnswerCases } from "./cases/authz-answer.ts";
import { authzEngineCases } from "./cases/authz-engine.ts";
import { authzPolicyCases } from "./cases/authz-policy.ts";
import { fileCases } from "./cases/files.ts";
import { handshakeCases } from "./cases/handshake.ts";
import { logEngineCases } from "./cases/log-engine.ts";
import { logEntryCases } from "./cases/log-entries.ts";
import { logPipeCases } from "./cases/log-pipes.ts";
import { logReadCases } from "./cases/log-read.ts";
import { managedCases } from "./cases/managed.ts";
import { metricsAndSecretsCases } from "./cases/metrics-secrets.ts";
import { transportConnectionCases } from "./cases/transport-connection.ts";
import { transportReplyCases } from "./cases/transport-reply.ts";
import { transportRequestCases } from "./cases/transport-request.ts";
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
  ...transportRequestCases,
  ...transportReplyCases,
  ...transportConnectionCases,
  ...fileCases,
  ...managedCases,
  ...authzAnswerCases,
  ...authzPolicyCases,
  ...authzEngineCases,
  ...logEntryCases,
  ...logPipeCases,
  ...logReadCases,
  ...logEngineCases,
  ...metricsAndSecretsCases,
  ...volumeAnswerCases,
  ...volumeCreateCases,
  ...volumeMountCases,
  ...volumeRemoveCases,
  ...volumeParallelCases,
  ...volumeRestartCases,
  ...volumeChaosCases,
  ...volumeEngineCases,
];
