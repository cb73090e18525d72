export { bindFolder, unmountFolder, type BindOptions } from "./bind-mount.ts";
export { readBootId } from "./boot-id.ts";
export { startChild, type Child, type ChildOptions, type Ending } from "./child.ts";
export { findFolderUsers, type FolderUsers } from "./folder-users.ts";
export { copyFrozen, thaw, type FrozenCopyOptions } from "./frozen-copy.ts";
export { holdSocket, type HeldSocket } from "./held-socket.ts";
export { findHungPaths } from "./hung-paths.ts";
export { findLoopDevice, readLoopDevices, type LoopDevice } from "./loop-devices.ts";
export { parseMounts, readMounts, type Mount } from "./mount-info.ts";
export { enterNamespaces, type Namespace, type NamespacesOf } from "./namespaces.ts";
export { ownLinkAlias, ownLinkPrefix, readOwnLinks, type OwnLink } from "./own-links.ts";
export {
  describeProcess,
  findProcesses,
  processIds,
  type FindProcessesOptions,
  type HoldingProcess,
  type ProcessFacts,
} from "./processes.ts";
export { CommandError, describeCommand, plainEnvironment, run, type RunOptions, type RunResult } from "./run.ts";
export { streamCommand, type StreamCommand, type StreamCommandOptions } from "./stream-command.ts";
export { readUnixSockets, type UnixSocket } from "./unix-listeners.ts";
