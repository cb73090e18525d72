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
import { ipamAddressCases } from "./cases/ipam-address.ts";
import { ipamAnswerCases } from "./cases/ipam-answers.ts";
import { ipamChoiceCases } from "./cases/ipam-choice.ts";
import { ipamEngineCases } from "./cases/ipam-engine.ts";
import { ipamPoolCases } from "./cases/ipam-pool.ts";
import { ipamRestartCases } from "./cases/ipam-restart.ts";
import { networkCapabilityCases } from "./cases/network-capabilities.ts";
import { networkCreateCases } from "./cases/network-create.ts";
import { networkEndpointCases } from "./cases/network-endpoint.ts";
import { networkEngineCases } from "./cases/network-engine.ts";
import { networkEnduranceCases } from "./cases/network-endurance.ts";
import { networkJoinCases } from "./cases/network-join.ts";
import { networkPortCases } from "./cases/network-ports.ts";
import { networkSwarmCases } from "./cases/network-swarm.ts";

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
  ...networkCapabilityCases,
  ...networkCreateCases,
  ...networkEndpointCases,
  ...networkJoinCases,
  ...networkPortCases,
  ...networkSwarmCases,
  ...networkEnduranceCases,
  ...networkEngineCases,
  ...ipamAnswerCases,
  ...ipamPoolCases,
  ...ipamChoiceCases,
  ...ipamAddressCases,
  ...ipamRestartCases,
  ...ipamEngineCases,
];
