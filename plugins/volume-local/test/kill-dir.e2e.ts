import { testKills } from "./kill-matrix.ts";
import { runWithOwnMounts } from "./own-mounts.ts";

runWithOwnMounts(import.meta.filename);
await testKills({ backend: "dir", options: {}, verbs: [] });
