import { testKills } from "./kill-matrix.ts";
import { runWithOwnMounts } from "./own-mounts.ts";

runWithOwnMounts(import.meta.filename);
// The engine's calls on folders are in crash.e2e.ts, where the recovery is killed too.
await testKills({ backend: "dir", options: {}, verbs: [], without: ["create", "mount", "unmount", "remove"] });
