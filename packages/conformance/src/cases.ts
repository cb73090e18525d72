import type { ConformanceCase } from "./case.ts";
import { handshakeCases } from "./cases/handshake.ts";
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
