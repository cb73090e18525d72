import { testKills } from "./kill-matrix.ts";
import { runWithOwnMounts } from "./own-mounts.ts";

runWithOwnMounts(import.meta.filename);
await testKills({
  backend: "image",
  options: { size: "16MiB", fs: "ext4" },
  verbs: ["snapshot", "restore", "resize", "clone"],
});
