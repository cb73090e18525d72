// The judge of mounts, restarts and kills, judged: each fault is found.
import { testFaults } from "./judge-volumes.ts";
import { volumeChaosFaults } from "./volume-chaos-faults.ts";
import { volumeMountFaults } from "./volume-mount-faults.ts";
import { volumeParallelFaults } from "./volume-parallel-faults.ts";

testFaults({ ...volumeMountFaults, ...volumeParallelFaults, ...volumeChaosFaults });
