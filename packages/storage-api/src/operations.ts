import { backupOperations } from "./backup-operations.ts";
import type { Operation } from "./operation.ts";
import { snapshotOperations } from "./snapshot-operations.ts";
import { transferOperations } from "./transfer-operations.ts";
import { upkeepOperations } from "./upkeep-operations.ts";
import { volumeOperations } from "./volume-operations.ts";

/** Everything that can be asked for: what is served, the OpenAPI document and the page are made from it. */
export const operations: readonly Operation[] = [
  ...volumeOperations,
  ...snapshotOperations,
  ...transferOperations,
  ...backupOperations,
  ...upkeepOperations,
];
