import { testKills } from "./kill-matrix.ts";
import { runWithOwnMounts } from "./own-mounts.ts";

runWithOwnMounts(import.meta.filename);
await testKills({
  backend: "btrfs",
  options: { size: "16MiB" },
  verbs: ["snapshot", "restore", "resize", "clone"],
  poolSize: 512 * 2 ** 20,
});
