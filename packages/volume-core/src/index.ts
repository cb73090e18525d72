export type { Backend, BackendVolume } from "./backend.ts";
export { backendCases, type BackendCase, type BackendCaseOptions } from "./backend-cases.ts";
export { steps, type Step } from "./steps.ts";
export type { Scope } from "./volume-driver.ts";
export { openVolumes, type Volumes, type VolumesOptions } from "./volumes.ts";
export type {
  VolumeVerbs,
  VerbOptions,
  OpenedFolder,
  RemovePolicy,
  CloneRequest,
  SendRequest,
  ReceiveRequest,
} from "./volume-verbs.ts";
export type { Finding } from "./findings.ts";
export type { VolumeAction, VolumeEvent } from "./volume-events.ts";
export type { Holder, RemovedVolume, SnapshotInfo, UsageInfo, VolumeInfo, VolumeState } from "./volume-info.ts";
