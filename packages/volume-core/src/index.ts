export type {
  Backend,
  BackendSnapshot,
  BackendVolume,
  CloneSource,
  ExpectedMount,
  Leftover,
  ReceivedSnapshot,
  ResizeChange,
  SentSnapshot,
  Usage,
} from "./backend.ts";
export { backendCases } from "./backend-cases.ts";
export type { BackendCase, BackendCaseOptions } from "./case-stage.ts";
export type { Finding } from "./findings.ts";
export type { ForeignOption } from "./option-rules.ts";
export { steps, type Step } from "./steps.ts";
export type { Scope } from "./volume-driver.ts";
export type { VolumeAction, VolumeEvent } from "./volume-events.ts";
export type { Holder, RemovedVolume, SnapshotInfo, UsageInfo, VolumeInfo, VolumeState } from "./volume-info.ts";
export type {
  CloneRequest,
  OpenedFolder,
  ReceiveRequest,
  RemovePolicy,
  SendRequest,
  VerbOptions,
  VolumeVerbs,
} from "./volume-verbs.ts";
export { openVolumes, type Volumes, type VolumesOptions } from "./volumes.ts";
