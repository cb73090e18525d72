export { bindFolder, unmountFolder, type BindOptions } from "./bind-mount.ts";
export { readBootId } from "./boot-id.ts";
export { startChild, type Child, type ChildOptions, type Ending } from "./child.ts";
export { findFolderUsers, type FolderUsers } from "./folder-users.ts";
export { copyFrozen, thaw, type FrozenCopyOptions } from "./frozen-copy.ts";
export { readLoopDevices, type LoopDevice } from "./loop-devices.ts";
export { parseMounts, readMounts, type Mount } from "./mount-info.ts";
export { enterNamespaces, type Namespace, type NamespacesOf } from "./namespaces.ts";
export { CommandError, plainEnvironment, run, type RunOptions, type RunResult } from "./run.ts";
