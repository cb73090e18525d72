export type { Backend, BackendVolume } from "./backend.ts";
export { backendCases, type BackendCase, type BackendCaseOptions } from "./backend-cases.ts";
export { steps, type Step } from "./steps.ts";
export type { Scope } from "./volume-driver.ts";
export { openVolumes, type Volumes, type VolumesOptions } from "./volumes.ts";
